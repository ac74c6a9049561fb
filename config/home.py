"""The home page."""
def dashboard(request, context):
    return context
