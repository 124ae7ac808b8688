"""The Workloads tab: a list by workload and region, and a panel for one of them or one pod."""

from podo.workloads.pages import acts as acts
from podo.workloads.pages import panel as panel
from podo.workloads.pages import tab as tab
from podo.workloads.pages.listing import routes as routes
