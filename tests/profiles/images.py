"""The smallest images of each type that operators may upload as a logo."""

import base64

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0000b080030004001011100ffd9")  # 64 x 48
WEBP = bytes.fromhex("524946461a000000574542505650384c0d0000002f3f c00b0010".replace(" ", ""))  # 64 x 48
