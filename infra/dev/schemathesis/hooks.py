"""What schemathesis finds and is left as it is, each with its reason."""

import schemathesis


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # Objects are also read from arrays that have the values of their fields in a row, as serde reads them. Each value is
    # checked as it is in an object, so nothing wrong gets in; it is not described, and nobody should send it.
    if "(was object, became array)" in failure.message:
        return False
    # Reports of later builds have words that this server does not know yet. They are kept as unknown and not refused.
    is_report = case.operation.label == "POST /api/v1/scans"
    return not (is_report and "Invalid enum value" in failure.message)
