"""The 46 topics of the data set: codes, labels and English names. Serving reads them from the manifest instead."""

from typing import Final

NAMES: Final[dict[str, str]] = {
    "cocoa": "Cocoa",
    "grain": "Grain",
    "veg-oil": "Vegetable oil",
    "earn": "Earnings",
    "acq": "Mergers and acquisitions",
    "wheat": "Wheat",
    "copper": "Copper",
    "housing": "Housing starts",
    "money-supply": "Money supply",
    "coffee": "Coffee",
    "sugar": "Sugar",
    "trade": "Trade",
    "reserves": "Foreign reserves",
    "ship": "Shipping",
    "cotton": "Cotton",
    "carcass": "Meat",
    "crude": "Crude oil",
    "nat-gas": "Natural gas",
    "cpi": "Consumer prices",
    "money-fx": "Money and foreign exchange",
    "interest": "Interest rates",
    "gnp": "Gross national product",
    "meal-feed": "Meal and feed",
    "alum": "Aluminium",
    "oilseed": "Oilseeds",
    "gold": "Gold",
    "tin": "Tin",
    "strategic-metal": "Strategic metals",
    "livestock": "Livestock",
    "retail": "Retail sales",
    "ipi": "Industrial production",
    "iron-steel": "Iron and steel",
    "rubber": "Rubber",
    "heat": "Heating oil",
    "jobs": "Employment",
    "lei": "Leading economic indicators",
    "bop": "Balance of payments",
    "zinc": "Zinc",
    "orange": "Orange juice",
    "pet-chem": "Petrochemicals",
    "dlr": "US dollar",
    "gas": "Gasoline",
    "silver": "Silver",
    "wpi": "Wholesale prices",
    "hog": "Hogs",
    "lead": "Lead",
}
"""Topic code -> name, in the order in which the archive first names them: Keras's labels 0 to 45."""

TOPICS: Final[tuple[str, ...]] = tuple(NAMES)
LABELS: Final[dict[str, int]] = {code: label for label, code in enumerate(TOPICS)}
"""Topic code -> Keras's label."""
