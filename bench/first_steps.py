"""How long the first things take: signing in, listing customers, making one.

python bench/first_steps.py                         our own server, on the database the environment names
python bench/first_steps.py --url http://host:8000  a server that runs already, with the demo sign-ins
"""

import argparse
from contextlib import nullcontext
from itertools import count
from uuid import uuid4

from _load import Call, Figures, measure
from _server import PASSWORD, Client, started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="measure this server")
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    with nullcontext(options.url) if options.url else started() as url:
        token = Client(url).sign_in("admin").headers["Authorization"].removeprefix("Bearer ")
        depot = Client(url, token).call("GET", "/api/v1/depots/?page_size=1")[1]["results"][0]["id"]
        number = count()
        run = uuid4().hex[:8]

        def sign_in() -> int:
            body = {"username": "admin", "password": PASSWORD}
            return Client(url).call("POST", "/api/v1/token/", body)[0]

        def list_customers() -> int:
            return Client(url, token).call("GET", "/api/v1/customers/?page_size=50")[0]

        def create_customer() -> int:
            body = {
                "customer_code": f"B-{run}-{next(number)}",
                "name": "Bench",
                "payment_type": "CASH",
                "depot": depot,
                "meter_rate": "2.5000",
            }
            key = {"Idempotency-Key": uuid4().hex}
            return Client(url, token).call("POST", "/api/v1/customers/", body, **key)[0]

        print(Figures.HEADER)
        steps: list[tuple[str, Call]] = [
            ("sign in", sign_in),
            ("list 50 customers", list_customers),
            ("create customer, with key", create_customer),
        ]
        for what, call in steps:
            for clients in (1, 4):
                print(measure(what, [call] * clients, options.seconds, {200, 201}))


if __name__ == "__main__":
    main()
