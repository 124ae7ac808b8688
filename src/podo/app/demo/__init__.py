"""The example organisation, and the main job done before the newcomer's eyes."""
