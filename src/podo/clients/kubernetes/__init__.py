"""One client for every kind of cluster: any by kubeconfig (`real`), one started on this machine (`local`), the twin (`twin`).

Nothing is imported here: the command line loads `local` alone and stays quick.
"""
