"""A fault for each of our rules; never run. A comment names the rule that has to find the line below it."""

# ruleid: http-outside-the-doors
import requests

# ruleid: http-outside-the-doors
from urllib.request import urlopen

# ruleid: http-outside-the-doors
import http.client

# ruleid: http-outside-the-doors
sock = socket.create_connection((host, 443))


def scopes(cursor):
    # ruleid: scope-for-longer-than-a-transaction, scope-set-outside-the-scopes
    cursor.execute("select set_config('app.tenant_id', %s, false)", ["1"])
    # ruleid: scope-set-outside-the-scopes
    cursor.execute("set local role portal_app")
    # ruleid: sql-from-text
    cursor.execute(f"select * from jobs where id = {scopes}")
    # ruleid: sql-from-text
    cursor.execute("select * from jobs where id = %s" % scopes)
    # ok: sql-from-text
    cursor.execute("select * from jobs where id = %s", [scopes])
    # ruleid: sql-from-text
    SnapshotJob.objects.raw("select %s" % scopes)


class Middleware:
    def __call__(self, request):
        # ruleid: transaction-around-a-request
        with transaction.atomic():
            response = self.get_response(request)
        return response


def pages(request):
    # ruleid: html-without-escaping
    mark_safe(request.POST["name"])
    # ruleid: html-without-escaping
    Template(request.POST["name"])
    # ruleid: address-of-the-client
    request.META["REMOTE_ADDR"]
    # ruleid: address-of-the-client
    request.headers.get("X-Forwarded-For", "")
    # ruleid: redirect-to-what-was-asked
    return redirect(request.GET["next"])


# ruleid: csrf-switched-off
@csrf_exempt
def open_to_all(request):
    # ruleid: redirect-to-what-was-asked
    return SeeOther(request.POST.get("next"))


def logs(file, token):
    # ruleid: secret-in-the-log
    logger.info("handed out %s", presigned_url(file))
    # ruleid: secret-in-the-log
    logger.warning("no such link: %s", token)
    # ok: secret-in-the-log
    logger.warning("no such link: %s", file)


def faults():
    # ruleid: fault-swallowed
    try:
        logs(1, 2)
    except Exception:
        pass
    # ruleid: fault-swallowed
    with suppress(Exception):
        logs(1, 2)


def times_and_files(data):
    # ruleid: time-without-a-zone
    datetime.now()
    # ok: time-without-a-zone
    datetime.now(UTC)
    # ruleid: time-without-a-zone
    date.today()
    # ruleid: file-of-a-stranger-unpickled
    pickle.loads(data)
    # ruleid: people-outside-sign-in
    Session.objects.all()
