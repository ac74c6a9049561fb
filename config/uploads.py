"""Who may upload how much: a file reaches the disk only if an operator sends it."""

from typing import IO, Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

FORM_BYTES = 2**20  # of the fields beside the file


class OperatorsOnly(FileUploadHandler):
    """The first of the upload handlers: reads past a file that is too large or comes from a stranger; the next ones store."""

    length = 0

    def handle_raw_input(self, input_data: IO[bytes], *about: Any, **more: Any) -> None:
        self.length = about[1]  # the length that the request announces

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_staff or self.length > settings.IMPORT_BYTES + FORM_BYTES:
            raise StopUpload(connection_reset=False)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
