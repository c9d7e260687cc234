from __future__ import annotations

import os

from portal.local.aws.options import parse_options


def main() -> None:
    options = parse_options()
    # moto reads these when it is imported, so the server is imported only now.
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    os.environ["MOTO_ALLOW_NONEXISTENT_REGION"] = "true"
    os.environ["MOTO_ACCOUNT_ID"] = options.account

    from portal.local.aws.server import run

    run(options)


if __name__ == "__main__":
    main()
