"""A second opinion on prices, written from the text of OCPI and from nothing of ours.

It goes through a session second by second and asks at each of them which component holds in which dimension. That is
sound where energy boundaries fall on whole seconds or do not exist, and it needs no cuts, no periods and no segments.
Exact fractions throughout; amounts are rounded once, at the end.
"""

from datetime import datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


def exact(number):
    return Fraction(str(number))


def rounded(amount, places=4):
    """Half up, away from zero."""
    scaled = abs(amount) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if amount >= 0 else -whole, 10**places)


def holds(restrictions, local, second, energy, power, current):
    r = restrictions or {}
    clock = local.strftime("%H:%M")
    start, end = r.get("start_time"), r.get("end_time")
    if start is not None or end is not None:
        start = start or "00:00"
        end = "24:00" if end in (None, "00:00") else end
        inside = start <= clock < end if start < end else clock >= start or clock < end
        if not inside:
            return False
    date = local.strftime("%Y-%m-%d")
    if "start_date" in r and date < r["start_date"]:
        return False
    if "end_date" in r and date >= r["end_date"]:
        return False
    if r.get("day_of_week") and DAYS[local.weekday()] not in r["day_of_week"]:
        return False
    if "min_duration" in r and second < r["min_duration"]:
        return False
    if "max_duration" in r and second >= r["max_duration"]:
        return False
    if "min_kwh" in r and energy < exact(r["min_kwh"]):
        return False
    if "max_kwh" in r and energy >= exact(r["max_kwh"]):
        return False
    for name, value in (("power", power), ("current", current)):
        least, most = r.get(f"min_{name}"), r.get(f"max_{name}")
        if (least is not None or most is not None) and value is None:
            return False
        if least is not None and value < exact(least):
            return False
        if most is not None and value >= exact(most):
            return False
    return True


class Pricer:
    """One session. `kwh`, `kw` and `amps` give for each second what is delivered in it, and what is drawn."""

    def __init__(self, tariff, start, seconds, kwh=None, idle=None, kw=None, amps=None, zone="UTC", reserved=0,
                 reservation="used"):
        self.tariff, self.start, self.seconds, self.zone = tariff, start, seconds, ZoneInfo(zone)
        self.kwh = kwh or (lambda second: Fraction(0))
        self.idle = idle or (lambda second: False)
        self.kw, self.amps = kw or (lambda second: None), amps or (lambda second: None)
        self.reserved, self.reservation = reserved, reservation
        self.parts = {}
        if reserved:
            self.hold()
        if reserved == 0 or reservation == "used":
            self.session()

    def elements(self, wanted):
        """Numbered elements for a purpose."""
        return [(place, element) for place, element in enumerate(self.tariff["elements"])
                if (element.get("restrictions") or {}).get("reservation") == wanted]

    @staticmethod
    def first(elements, dimension, *moment):
        for place, element in elements:
            for component in element["price_components"]:
                if component["type"] == dimension:
                    if holds(element.get("restrictions"), *moment):
                        return (place, dimension), component
                    break
        return None

    def local(self, moment):
        return moment.astimezone(self.zone)

    def hold(self):
        elements = self.elements("RESERVATION")
        if self.reservation == "expired":
            elements = self.elements("RESERVATION_EXPIRES") + elements
        begin = self.start - timedelta(seconds=self.reserved)
        uses, flat = [], None
        for second in range(self.reserved):
            moment = (self.local(begin + timedelta(seconds=second)), second, Fraction(0), None, None)
            if flat is None:
                flat = self.first(elements, "FLAT", *moment)
            time = self.first(elements, "TIME", *moment)
            if time:
                self.use(uses, time, Fraction(1))
        costs = []
        if flat:
            costs.append((exact(flat[1]["price"]), flat[1].get("vat")))
        costs += self.stepped(uses, True, 3600, 1)
        self.parts["reservation"] = costs

    def session(self):
        elements = self.elements(None)
        energy = Fraction(0)
        uses = {"ENERGY": [], "TIME": [], "PARKING_TIME": []}
        flat, last_time = None, None
        for second in range(max(self.seconds, 1)):
            moment = (self.local(self.start + timedelta(seconds=second)), second, energy, self.kw(second),
                      self.amps(second))
            found = self.first(elements, "ENERGY", *moment)
            delivered = self.kwh(second)
            if found and delivered:
                self.use(uses["ENERGY"], found, delivered)
            energy += delivered
            if flat is None:
                flat = self.first(elements, "FLAT", *moment)
            if self.seconds == 0:
                continue
            dimension = "PARKING_TIME" if self.idle(second) else "TIME"
            found = self.first(elements, dimension, *moment)
            if found:
                self.use(uses[dimension], found, Fraction(1))
                last_time = dimension
        self.parts["energy"] = self.stepped(uses["ENERGY"], True, 1, Fraction(1, 1000))
        self.parts["time"] = self.stepped(uses["TIME"], last_time == "TIME", 3600, 1)
        self.parts["parking"] = self.stepped(uses["PARKING_TIME"], last_time == "PARKING_TIME", 3600, 1)
        self.parts["fixed"] = [(exact(flat[1]["price"]), flat[1].get("vat"))] if flat else []

    @staticmethod
    def use(uses, found, amount):
        if uses and uses[-1][0] == found[0]:
            uses[-1][2] += amount
        else:
            uses.append([found[0], found[1], amount])

    @staticmethod
    def stepped(uses, counts, per_unit, step_unit):
        costs = [(exact(component["price"]) * amount / per_unit, component.get("vat"))
                 for _, component, amount in uses]
        if uses and counts and uses[-1][1].get("step_size", 1) > 0:
            component = uses[-1][1]
            step = component.get("step_size", 1) * Fraction(step_unit)
            rest = sum(amount for _, _, amount in uses) % step
            if rest:
                costs.append((exact(component["price"]) * (step - rest) / per_unit, component.get("vat")))
        return costs

    # -- money

    def levy(self, vat):
        """The taxes of a component, by name, in percent: its VAT, else those that the tariff names; None where none applies."""
        if vat is not None:
            return {"VAT": exact(vat)}
        named = self.tariff.get("taxes")
        return {tax["name"]: exact(tax["percentage"]) for tax in named} if named else None

    def price(self, costs):
        """Before and after tax; after is None where no tax applies."""
        included = self.tariff.get("tax_included", "NO")
        total = sum((amount for amount, _ in costs), Fraction(0))
        if included == "N/A":
            return rounded(total), None
        if included == "YES":
            taxes = {}
            for amount, vat in costs:
                levy = self.levy(vat) or {}
                whole = 100 + sum(levy.values())
                for tax in levy.items():
                    taxes[tax] = taxes.get(tax, Fraction(0)) + amount * tax[1] / whole
            after = rounded(total)
            return after - sum((rounded(tax) for tax in taxes.values()), Fraction(0)), after
        if all(self.levy(vat) is None for _, vat in costs):
            return rounded(total), None
        after = sum((amount * (1 + sum((self.levy(vat) or {}).values(), Fraction(0)) / 100) for amount, vat in costs), Fraction(0))
        return rounded(total), rounded(after)

    def cost_of(self, part):
        return self.price(self.parts.get(part, []))

    def total(self):
        before, after = self.price([cost for costs in self.parts.values() for cost in costs])
        if self.reserved and self.reservation != "used":
            return before, after
        least, most = self.tariff.get("min_price"), self.tariff.get("max_price")
        untaxed = self.tariff.get("tax_included") == "N/A"
        taxed, after = after is not None, before if after is None else after
        if least:
            before = max(before, exact(least["excl_vat"]))
            if not untaxed and least.get("incl_vat") is not None and exact(least["incl_vat"]) > after:
                after, taxed = exact(least["incl_vat"]), True
            after = max(after, before)
        if most:
            before = min(before, exact(most["excl_vat"]))
            if not untaxed and most.get("incl_vat") is not None:
                after = min(after, exact(most["incl_vat"]))
            if not taxed:
                after = min(after, before)
            before = min(before, after)
        return before, after if taxed else None


def utc(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
