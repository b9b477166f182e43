"""Prints, for the requests on standard input, what `sagemaker.image_uris.retrieve` answers: a JSON list of URIs, null
where this version of the SDK does not know the image."""

import json
import logging
import sys

from sagemaker import image_uris

logging.disable(logging.CRITICAL)


def retrieve(request):
    try:
        return image_uris.retrieve(image_scope="training", **request)
    except ValueError as error:
        # A newer version than the SDK's, or a region that AWS does not offer it in; anything else is a mistake of ours.
        if not str(error).startswith("Unsupported"):
            raise
        return None


print(json.dumps([retrieve(request) for request in json.load(sys.stdin)]))
