"""Read by gunicorn on its own.

The settings come first, in the parent: a missing value ends the start with its sentence, instead of ending one worker
after the other. So changed settings need a restart; the reload signal (HUP) is not enough.
"""

from config.settings import WSGI_APPLICATION

wsgi_app = WSGI_APPLICATION.replace(".application", ":application")
