"""What schemathesis finds and is left as it is, each with its reason."""

import schemathesis


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # Reports of later builds have words that this server does not know yet. They are kept as unknown and not refused, and the
    # operation says so.
    is_report = case.operation.label == "POST /api/v1/scans"
    return not (is_report and "Invalid enum value" in failure.message)
