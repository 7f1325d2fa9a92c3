"""Facts of paper that no sale stands behind."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from lpg.paper.facts import Buyer, Cylinders, Document, Entry, Line, Meter, Receipt, Seller, Standing, Statement

SELLER = Seller(
    name="HSH LPG Pte Ltd",
    uen="200012345W",
    gst_reg_no="M2-1234567-8",
    address="21 Tuas View Crescent",
    postal_code="637700",
    phone="+65 6123 4567",
    email="accounts@hshlpg.com.sg",
)
BUYER = Buyer(
    customer_code="C-0042",
    name="Golden Wok Restaurant Pte Ltd",
    address="10 Anson Road #12-34\nInternational Plaza",
    postal_code="079903",
    uen="201512345C",
    email="kitchen@goldenwok.sg",
    phone="6222 1111",
)
CHINESE = "新加坡好运餐馆私人有限公司 (龍鳳飯店)"
AT = datetime(2026, 11, 20, 6, 5, tzinfo=UTC)
PAYNOW = (
    "00020101021226370009SG.PAYNOW010120210200012345W0301052040000530370254071357.795802SG5915H"
    "SH LPG Pte Ltd6009Singapore62190115INV-2026-0001236304AC86"
)


def a_line(description: str = "LPG 14 kg", quantity: str = "5", rate: str = "45.0000", **more: Any) -> Line:
    amount = (Decimal(quantity) * Decimal(rate)).quantize(Decimal("0.01"))
    net = (amount * 100 / 109).quantize(Decimal("0.01"))
    return Line(
        **{
            "item_type": "DELIVERY",
            "description": description,
            "quantity": Decimal(quantity),
            "rate": Decimal(rate),
            "net_amount": net,
            "amount": amount,
            **more,
        }
    )


def a_document(**more: Any) -> Document:
    lines = more.pop("lines", None) or [
        a_line("LPG cylinder 50 kg (POL)", "6", "165.0000"),
        a_line("LPG cylinder 14 kg", "5", "45.0000"),
        a_line(
            "LPG cylinder 9 kg",
            "1",
            "32.5000",
            item_type="FULL_RETURN",
            net_amount=Decimal("-29.82"),
            amount=Decimal("-32.50"),
        ),
        a_line("Regulator changed", "1", "48.0000", item_type="SERVICE"),
        a_line("Metered gas, meter M-20481", "50.916", "2.5000", item_type="METER"),
    ]
    total = sum((line["amount"] for line in lines), Decimal("0.00"))
    net = sum((line["net_amount"] for line in lines), Decimal("0.00"))
    return Document(
        **{
            "document_type": "tax_invoice",
            "title": "Tax Invoice",
            "number": "INV-2026-000123",
            "issued_on": date(2026, 11, 20),
            "due_date": date(2026, 12, 20),
            "transaction_number": "TRX-20261120-000123",
            "occurred_at": AT,
            "seller": SELLER,
            "buyer": BUYER,
            "lines": lines,
            "meter": Meter(
                serial_no="M-20481",
                previous=Decimal("1204.500"),
                current=Decimal("1255.416"),
                usage=Decimal("50.916"),
                rate=Decimal("2.5000"),
            ),
            "returned": [
                Cylinders(name="LPG cylinder 14 kg", quantity=4, damaged=False),
                Cylinders(name="LPG cylinder 14 kg", quantity=1, damaged=True),
                Cylinders(name="LPG cylinder 50 kg (POL)", quantity=6, damaged=False),
            ],
            "held": [
                Cylinders(name="LPG cylinder 14 kg", quantity=8, damaged=False),
                Cylinders(name="LPG cylinder 50 kg (POL)", quantity=12, damaged=False),
            ],
            "gst_rate": Decimal("9.0000"),
            "prices_include_gst": True,
            "subtotal": net,
            "tax_amount": total - net,
            "total_amount": total,
            "paid": Decimal("0.00"),
            "due_at_issue": total,
            "paynow": PAYNOW,
            "reason": "",
            "corrects_number": "",
            "corrects_issued_on": None,
            **more,
        }
    )


def a_receipt(**more: Any) -> Receipt:
    return Receipt(
        **{
            "number": "RCP-2026-000310",
            "received_at": AT,
            "seller": SELLER,
            "buyer": BUYER,
            "amount": Decimal("1500.00"),
            "method": "PayNow",
            "reference": "DBS 7741 2290",
            "allocations": [("INV-2026-000123", Decimal("1357.79")), ("INV-2026-000098", Decimal("100.00"))],
            "unallocated": Decimal("42.21"),
            "reversed_at": None,
            "reverse_reason": "",
            **more,
        }
    )


def a_statement(entries: int = 40) -> Statement:
    balance, rows = Decimal("812.50"), []
    for number in range(entries):
        paid = number % 4 == 3
        amount = Decimal("-900.00") if paid else Decimal(240 + number % 7 * 10)
        balance += amount
        rows.append(
            Entry(
                at=AT + timedelta(hours=7 * number),
                kind="payment" if paid else "invoice",
                number=f"RCP-2026-{number:06}" if paid else f"INV-2026-{number:06}",
                what="Payment, PayNow" if paid else "Tax invoice",
                amount=amount,
                balance=balance,
                moved=[] if paid else [("14 kg", 5), ("50 kg (POL)", 2), ("14 kg", -4)],
            )
        )
    received = sum((-row["amount"] for row in rows if row["kind"] == "payment" and row["amount"]), Decimal("0.00"))
    return Statement(
        seller=SELLER,
        buyer=BUYER,
        since=date(2026, 11, 1),
        until=date(2026, 11, 30),
        opening=Standing(balance=Decimal("812.50"), cylinders=[("14 kg", 8), ("50 kg (POL)", 12)]),
        entries=rows,
        closing=Standing(balance=balance, cylinders=[("14 kg", 38), ("50 kg (POL)", 72)]),
        invoiced=balance - Decimal("812.50") + received,
        received=received,
    )
