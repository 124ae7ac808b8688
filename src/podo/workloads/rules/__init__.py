"""Decisions about what runs, from values alone; the words of health are Argo CD's."""

from podo.workloads.rules.kinds import health_of as health_of
from podo.workloads.rules.kinds import worst as worst
from podo.workloads.rules.pods import pod_health as pod_health
from podo.workloads.rules.pods import pod_state as pod_state
from podo.workloads.rules.shares import share as share
from podo.workloads.rules.texts import log_line as log_line
from podo.workloads.rules.texts import mebibytes as mebibytes
from podo.workloads.rules.texts import millicores as millicores
from podo.workloads.rules.views import Group as Group
from podo.workloads.rules.views import groups as groups
from podo.workloads.rules.views import not_healthy as not_healthy
from podo.workloads.rules.views import query as query
from podo.workloads.rules.views import view as view
from podo.workloads.rules.views import worst_by_place as worst_by_place
