"""Draw the sample document: the annual report of a ferry cooperative that does not exist.

    make sample

The same input gives the same bytes, so a change here shows as a change of ``stc/sample/annual-report-2025.pdf``; its
prepared notes in ``stc/sample/prepared.jsonl`` quote it and have to follow (``tests/sample`` says where they don't).
"""

from __future__ import annotations

from pathlib import Path

from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, PolyLine, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageBreak, PageTemplate, Paragraph, Spacer

TARGET = Path(__file__).resolve().parent.parent / "stc" / "sample" / "annual-report-2025.pdf"
SEA = colors.HexColor("#1f4e6b")
FOAM = colors.HexColor("#dbe8ee")
SAND = colors.HexColor("#c98a3a")
GREY = colors.HexColor("#5d6770")
WIDTH = A4[0] - 44 * mm

_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=11, leading=16.4, spaceAfter=8)
_TITLE = ParagraphStyle("title", parent=_BODY, fontName="Helvetica-Bold", fontSize=26, leading=32, textColor=SEA)
_H1 = ParagraphStyle(
    "h1", parent=_BODY, fontName="Helvetica-Bold", fontSize=16, leading=20, textColor=SEA, spaceAfter=9
)
_H2 = ParagraphStyle(
    "h2", parent=_BODY, fontName="Helvetica-Bold", fontSize=11.5, leading=15, spaceBefore=6, spaceAfter=4
)
_NOTE = ParagraphStyle("note", parent=_BODY, fontSize=8.6, leading=11.5, textColor=GREY)
_CAPTION = ParagraphStyle("caption", parent=_BODY, fontName="Helvetica-Bold", fontSize=9, leading=12, spaceBefore=5)


def text(*paragraphs: str) -> list[Flowable]:
    return [Paragraph(paragraph, _BODY) for paragraph in paragraphs]


def section(title: str) -> list[Flowable]:
    """Start a new page."""
    return [PageBreak(), Paragraph(title, _H1)]


def heading(title: str) -> Flowable:
    return Paragraph(title, _H2)


class Rows(Flowable):
    """A table whose rows are single lines of text in the file too, so that a reader of its text gets them whole.

    The library's own table writes each cell by itself, and most extractors then put every cell on its own line.
    """

    FONT_SIZE = 9.8
    ROW_HEIGHT = 18.5

    def __init__(self, rows: list[list[str]], widths: list[float], *, total: bool) -> None:
        super().__init__()
        self._rows = rows
        self._widths = widths
        self._total = total
        self.width = sum(widths)
        self.height = self.ROW_HEIGHT * len(rows)

    def wrap(self, *_available: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        canvas = self.canv
        for i, row in enumerate(self._rows):
            y = self.height - (i + 1) * self.ROW_HEIGHT
            if i == 0:
                canvas.setFillColor(FOAM)
                canvas.rect(0, y, self.width, self.ROW_HEIGHT, stroke=0, fill=1)
            canvas.setStrokeColor(colors.HexColor("#b9c4cb"))
            canvas.setLineWidth(0.3)
            canvas.line(0, y, self.width, y)
            bold = i == 0 or (self._total and i == len(self._rows) - 1)
            font = "Helvetica-Bold" if bold else "Helvetica"
            line = canvas.beginText()
            line.setFont(font, self.FONT_SIZE)
            line.setFillColor(colors.black)
            left = 0.0
            for j, (cell, width) in enumerate(zip(row, self._widths, strict=True)):
                indent = 4 if j == 0 else width - 4 - stringWidth(cell, font, self.FONT_SIZE)
                if cell:
                    line.setTextOrigin(left + indent, y + 5.6)
                    line.textOut(cell)
                left += width
            canvas.drawText(line)


def table(
    caption: str, rows: list[list[str]], widths: list[float], *, total: bool = False, note: str = ""
) -> list[Flowable]:
    """Return a caption and a table; the first row is its head, the last one is bold where it is a total."""
    drawn = Rows(rows, [width * mm for width in widths], total=total)
    return [Paragraph(caption, _CAPTION), drawn, Spacer(1, 4), Paragraph(note, _NOTE), Spacer(1, 4)]


def figure(caption: str, drawing: Drawing) -> list[Flowable]:
    return [Paragraph(caption, _CAPTION), drawing, Spacer(1, 8)]


def label(x: float, y: float, words: str, *, size: float = 8.5, anchor: str = "middle", bold: bool = False) -> String:
    font = "Helvetica-Bold" if bold else "Helvetica"
    return String(x, y, words, fontName=font, fontSize=size, textAnchor=anchor, fillColor=colors.black)


def bars(values: list[tuple[str, float]], *, height: float = 130, highest: float) -> Drawing:
    """Return upright bars; each one's words stand under it."""
    drawing = Drawing(WIDTH, height + 20)
    step = WIDTH / len(values)
    for i, (words, value) in enumerate(values):
        shade = SAND if i == len(values) - 1 else SEA
        drawing.add(Rect((i + 0.2) * step, 16, step * 0.6, height * value / highest, fillColor=shade, strokeColor=None))
        drawing.add(label((i + 0.5) * step, 4, words))
    drawing.add(Line(0, 16, WIDTH, 16, strokeColor=GREY, strokeWidth=0.6))
    return drawing


def route_map() -> Drawing:
    """Return the sound with its four routes."""
    drawing = Drawing(WIDTH, 205)
    drawing.add(Rect(0, 0, WIDTH, 205, fillColor=colors.HexColor("#eef5f8"), strokeColor=None))
    land = colors.HexColor("#d9d2b8")
    drawing.add(Polygon([0, 0, 95, 0, 110, 60, 82, 110, 104, 160, 90, 205, 0, 205], fillColor=land, strokeColor=None))
    for x, y, radius in ((300, 140, 34), (392, 168, 17), (235, 52, 22), (432, 48, 13)):
        drawing.add(Circle(x, y, radius, fillColor=land, strokeColor=None))
    routes = [
        ((86, 108), (268, 136), "Route 1: 14.2 km", (178, 130)),
        ((86, 104), (214, 58), "Route 2: 7.5 km", (150, 58)),
        ((332, 150), (376, 164), "Route 3: 3.1 km", (372, 132)),
        ((86, 106), (419, 52), "Route 4: 22.6 km", (332, 78)),
    ]
    for start, end, words, place in routes:
        drawing.add(Line(*start, *end, strokeColor=SEA, strokeWidth=1.6, strokeDashArray=[5, 3]))
        drawing.add(label(*place, words))
    for x, y, name in (
        (46, 112, "Ardwell"),
        (300, 137, "Great Varra"),
        (392, 192, "Little Varra"),
        (235, 22, "Holmsey"),
        (432, 26, "Tarn Skerry"),
    ):
        drawing.add(label(x, y, name, bold=True, size=9.5))
    drawing.add(Circle(86, 106, 3.2, fillColor=SAND, strokeColor=None))
    return drawing


def monthly_line(values: list[tuple[str, float]], *, lowest: float, highest: float) -> Drawing:
    """Return a line over twelve months; each point has its month and value."""
    height = 130
    drawing = Drawing(WIDTH, height + 20)
    step = WIDTH / len(values)
    points: list[float] = []
    for i, (month, value) in enumerate(values):
        x = (i + 0.5) * step
        y = height * (value - lowest) / (highest - lowest)
        points += [x, y]
        drawing.add(Circle(x, y, 2.4, fillColor=SEA, strokeColor=None))
        falling = i > 0 and value < values[i - 1][1] - 0.5
        drawing.add(label(x, y - 13 if falling else y + 7, f"{month} {value:.1f}", size=7.8))
    drawing.add(PolyLine(points, strokeColor=SEA, strokeWidth=1.4))
    drawing.add(Line(0, 0, WIDTH, 0, strokeColor=GREY, strokeWidth=0.6))
    return drawing


def shares(parts: list[tuple[str, float]]) -> Drawing:
    """Return one lying bar, cut in proportion; each part's words stand under it."""
    drawing = Drawing(WIDTH, 24 + 14 * len(parts))
    total = sum(value for _, value in parts)
    shades = [SEA, SAND, colors.HexColor("#7fa8bb"), GREY]
    x = 0.0
    for i, (words, value) in enumerate(parts):
        width = WIDTH * value / total
        top = 14 * len(parts)
        drawing.add(Rect(x, top + 4, width, 18, fillColor=shades[i], strokeColor=None))
        drawing.add(Rect(0, top - 14 * i - 10, 8, 8, fillColor=shades[i], strokeColor=None))
        drawing.add(label(14, top - 14 * i - 9, words, anchor="start"))
        x += width
    return drawing


def story() -> list[Flowable]:
    return [
        *_cover(),
        *_letter(),
        *_cooperative(),
        *_routes(),
        *_traffic(),
        *_seasons(),
        *_punctuality(),
        *_route_2(),
        *_fleet(),
        *_energy(),
        *_safety(),
        *_staff(),
        *_fares(),
        *_satisfaction(),
        *_accounts(),
        *_money(),
        *_plan(),
        *_governance(),
        *_glossary(),
    ]


def _cover() -> list[Flowable]:
    waves = Drawing(WIDTH, 90)
    for i in range(4):
        points = [
            value for x in range(0, int(WIDTH) + 1, 20) for value in (x, 12 + 20 * i + (6 if (x // 20 + i) % 2 else 0))
        ]
        waves.add(PolyLine(points, strokeColor=SEA if i % 2 else SAND, strokeWidth=2))
    return [
        Spacer(1, 40),
        Paragraph("Skerrow Sound Ferry Cooperative", _TITLE),
        Paragraph("Annual Report 2025", _TITLE),
        Spacer(1, 10),
        waves,
        Spacer(1, 16),
        *text(
            "Covering the year from 1 January to 31 December 2025. Approved by the board on 26 March 2026 and laid "
            "before the members at the annual general meeting on 16 May 2026.",
        ),
        *table(
            "Table 1. The year at a glance",
            [
                ["In the year", "2024", "2025", "Change"],
                ["Passengers", "467,500", "491,500", "+5.1%"],
                ["Vehicles", "82,500", "81,300", "-1.5%"],
                ["Bicycles", "25,300", "31,800", "+25.7%"],
                ["Departures on time", "95.6%", "95.0%", "-0.6 points"],
                ["Income", "€5,284,000", "€5,506,000", "+4.2%"],
                ["Surplus before tax", "€184,000", "€169,000", "-8.2%"],
                ["Diesel used (litres)", "1,096,000", "893,000", "-18.5%"],
                ["Members at year end", "3,017", "3,128", "+111"],
            ],
            [60, 34, 34, 34],
        ),
        Paragraph(
            "The cooperative, its islands, ships and people are invented. This document was written as a sample for "
            "Sleep-Time Chat and may be copied freely.",
            _NOTE,
        ),
    ]


def _letter() -> list[Flowable]:
    return [
        *section("Letter from the chair"),
        *text(
            "Dear members,",
            "2025 was the year of Petrel. Our first battery-electric ferry entered service between Ardwell and "
            "Holmsey on 17 March 2025, eleven weeks later than planned. She is quiet, she is liked, and with her we "
            "burned almost a fifth less diesel. She also taught us a lesson: a ship that depends on one charging "
            "station is only as reliable as that station. Between 24 March and 9 May the charger at Ardwell failed "
            "twice, and Route 2 ran late more often than in any spring since we began to count.",
            "We carried 491,500 passengers, more than in any year since the cooperative was founded. The growth came "
            "from Great Varra and, above all, from people with bicycles, who have travelled free of charge since 1 "
            "April 2025. Holmsey was the exception: there we lost 2,500 passengers against 2024, and we believe that "
            "the late sailings of the spring were the reason.",
            "Our surplus before tax was €169,000 after €184,000 in 2024. Income grew, but so did interest and "
            "depreciation, because Petrel is now in our books. The board proposes a dividend of 2.5% on member "
            "shares, the same as last year. What remains, €113,375, goes to the vessel reserve.",
            "Two decisions lie ahead. The members will be asked on 16 May 2026 whether to order a second electric "
            "ferry, to replace Marrel, which will be thirty years old in 2028. And the public service contract with "
            "Sound County Council ends on 31 December 2028; talks about the next one begin in the autumn of 2026.",
            "I thank the crews, who kept the timetable alive in a difficult spring, and Elspeth Quarrie, our "
            "managing director, for a year of clear decisions.",
            "Ingrid Maltby, chair of the board",
        ),
        heading("What is where"),
        *text(
            "The cooperative: page 3. Routes and timetable: page 4. Traffic: pages 5 and 6. Punctuality: pages 7 and "
            "8. Fleet: page 9. Energy and climate: page 10. Safety: page 11. Staff: page 12. Fares: page 13. "
            "Passengers' opinion: page 14. Accounts: pages 15 and 16. Plan 2026 to 2028: page 17. Governance: page "
            "18. Glossary: page 19.",
        ),
    ]


def _cooperative() -> list[Flowable]:
    return [
        *section("The cooperative"),
        *text(
            "Skerrow Sound Ferry Cooperative was founded on 4 June 1961 by 212 islanders, after the steamer company "
            "had given up its winter service. Its first ship, the Varra Maid, was a fishing boat with benches for 40 "
            "people. Today the cooperative runs five vessels on four routes between the mainland port of Ardwell and "
            "the islands of Great Varra, Little Varra, Holmsey and Tarn Skerry. Together the islands have 4,870 "
            "residents.",
            "The cooperative belongs to its members. At the end of 2025 there were 3,128 of them, 111 more than a "
            "year before. Every member holds at least one share of €100 and at most 200 shares. Whatever the number "
            "of shares, each member has one vote. 11,450 shares were issued at the end of the year, a share capital "
            "of €1,145,000.",
        ),
        *figure("Figure 1. The four routes", route_map()),
        *table(
            "Table 2. Members and shares at 31 December",
            [
                ["At the end of", "2023", "2024", "2025"],
                ["Members", "2,940", "3,017", "3,128"],
                ["of whom island residents", "2,214", "2,251", "2,302"],
                ["Shares issued", "10,720", "11,040", "11,450"],
                ["Share capital", "€1,072,000", "€1,104,000", "€1,145,000"],
            ],
            [66, 32, 32, 32],
        ),
    ]


def _routes() -> list[Flowable]:
    return [
        *section("Routes and timetable"),
        *text(
            "Routes 1, 2 and 3 run every day of the year, with the same number of sailings in summer and in winter. "
            "Route 4 to Tarn Skerry is seasonal: it runs from 1 April to 31 October and carries passengers and "
            "bicycles only.",
        ),
        *table(
            "Table 3. The timetable in 2025",
            [
                ["Route", "Between", "Distance", "Crossing", "Sailings a day", "First", "Last"],
                ["1", "Ardwell - Great Varra", "14.2 km", "45 min", "18", "05:40", "22:15"],
                ["2", "Ardwell - Holmsey", "7.5 km", "25 min", "24", "05:55", "22:40"],
                ["3", "Great Varra - Little Varra", "3.1 km", "12 min", "26", "06:10", "21:30"],
                ["4", "Ardwell - Tarn Skerry", "22.6 km", "70 min", "4", "08:30", "17:45"],
            ],
            [14, 48, 21, 21, 28, 17, 17],
            note="A sailing is one crossing in one direction. First and last: departures of the day, from either end.",
        ),
        heading("Vehicles"),
        *text(
            "Cars and lorries travel on Routes 1, 2 and 3. A vehicle can be booked up to 60 days ahead and must be "
            "at the quay 15 minutes before departure; passengers on foot may board until 3 minutes before. A fifth "
            "of the car places on each sailing is kept for islanders until 24 hours before departure. In 2025, 41 "
            "sailings on Route 1 were full for cars; the fullest of the year was the 10:15 from Ardwell on Saturday "
            "2 August, with all 300 passenger places and all 40 car places taken.",
        ),
        heading("Passengers who need assistance"),
        *text(
            "Ardwell, Great Varra and Holmsey have step-free access to the ship at all tides. Little Varra will have "
            "it from May 2026, when the new ramp is finished. Tarn Skerry has no step-free access, and none is "
            "planned. Assistance has to be booked 24 hours ahead; until 2024 it was 48 hours. 1,318 passengers "
            "booked it in 2025.",
        ),
        heading("Weather"),
        *text(
            "The master decides whether a ship sails. As a rule, Routes 1 to 3 stop at a mean wind of 22 metres a "
            "second and Route 4 at 15 metres a second. A decision to cancel is published at least 45 minutes before "
            "departure.",
        ),
    ]


def _traffic() -> list[Flowable]:
    return [
        *section("Traffic: passengers"),
        *text(
            "In 2025 we carried 491,500 passengers, 24,000 more than in 2024 (plus 5.1%). In 2024 the increase had "
            "been 14,700 (plus 3.2%). Route 1 to Great Varra remains by far the largest: it carried 236,400 "
            "passengers, 48% of all. Route 4 grew fastest in relation to its size, by 20.9%, and Route 3 by 11.9%, "
            "because visitors now combine the two Varra islands on one day ticket. Route 2 to Holmsey lost 2,500 "
            "passengers, or 1.6%.",
        ),
        *table(
            "Table 4. Passengers by route",
            [
                ["Route", "2023", "2024", "2025", "Change on 2024"],
                ["1 Ardwell - Great Varra", "214,300", "221,800", "236,400", "+6.6%"],
                ["2 Ardwell - Holmsey", "158,900", "161,200", "158,700", "-1.6%"],
                ["3 Great Varra - Little Varra", "61,400", "63,900", "71,500", "+11.9%"],
                ["4 Ardwell - Tarn Skerry", "18,200", "20,600", "24,900", "+20.9%"],
                ["All routes", "452,800", "467,500", "491,500", "+5.1%"],
            ],
            [56, 26, 26, 26, 32],
            total=True,
            note="A passenger is one person on one crossing; a return journey counts as two.",
        ),
        *figure(
            "Figure 2. Passengers of all routes, by year",
            bars(
                [
                    ("2020: 268,400", 268.4),
                    ("2021: 341,900", 341.9),
                    ("2022: 429,600", 429.6),
                    ("2023: 452,800", 452.8),
                    ("2024: 467,500", 467.5),
                    ("2025: 491,500", 491.5),
                ],
                highest=500,
            ),
        ),
        *text(
            "The previous record was 471,300 passengers in 2019, the last year before the pandemic. Visitors made up "
            "57% of all passengers in 2025, islanders 43%; in 2024 it was 55% and 45%.",
        ),
    ]


def _seasons() -> list[Flowable]:
    return [
        *section("Traffic: seasons, vehicles and bicycles"),
        *text(
            "The third quarter brings more than a third of the year's passengers: 188,200 of 491,500, or 38.3%. The "
            "busiest month was August with 71,900 passengers, the quietest January with 23,800.",
        ),
        *figure(
            "Figure 3. Passengers in 2025, by quarter",
            bars(
                [
                    ("January to March: 78,600", 78.6),
                    ("April to June: 129,400", 129.4),
                    ("July to September: 188,200", 188.2),
                    ("October to December: 95,300", 95.3),
                ],
                height=105,
                highest=190,
            ),
        ),
        *table(
            "Table 5. Vehicles and bicycles carried",
            [
                ["Carried", "2023", "2024", "2025", "Change on 2024"],
                ["Cars", "71,300", "72,900", "71,400", "-2.1%"],
                ["Vans and lorries", "9,200", "9,600", "9,900", "+3.1%"],
                ["Vehicles together", "80,500", "82,500", "81,300", "-1.5%"],
                ["Bicycles", "21,700", "25,300", "31,800", "+25.7%"],
            ],
            [56, 26, 26, 26, 32],
        ),
        *text(
            "Fewer cars were carried because Petrel has 14 car places, four fewer than Kittiwake, which served "
            "Holmsey before. On Route 2 the number of cars fell from 24,600 to 22,300. On Routes 1 and 3 together it "
            "rose by 800.",
            "Bicycles have been free of charge on all routes since 1 April 2025; before, a bicycle cost €1.50. The "
            "number of bicycles rose by 6,500. On summer weekends the racks on Route 1 were full on 63 sailings, and "
            "the board has ordered racks for 24 more bicycles on Sula, to be fitted before Easter 2026.",
            "Freight and mail came to 18,400 tonnes (2024: 17,600 tonnes). Two thirds of it was goods for the shops "
            "and building material for Great Varra; 1,150 tonnes was farmed mussels on their way to the mainland.",
        ),
    ]


def _punctuality() -> list[Flowable]:
    return [
        *section("Punctuality and reliability"),
        *text(
            "A departure is on time when the ship leaves within five minutes of the timetable. Reliability is the "
            "share of the scheduled sailings that were run. Both definitions are those of the public service "
            "contract, which asks for a reliability of at least 98.0% and for at least 94.0% of departures on time, "
            "over all routes and the whole year. For every tenth of a point below either mark the cooperative pays "
            "the county €5,000.",
            "In 2025 reliability was 98.4% and 95.0% of departures were on time, so that nothing had to be paid. In "
            "2024 the figures were 98.7% and 95.6%.",
        ),
        *table(
            "Table 6. Sailings and punctuality in 2025, by route",
            [
                ["Route", "Scheduled", "Cancelled", "Run", "Reliability", "On time 2024", "On time 2025"],
                ["1", "6,570", "118", "6,452", "98.2%", "93.8%", "95.1%"],
                ["2", "8,760", "167", "8,593", "98.1%", "96.2%", "92.4%"],
                ["3", "9,490", "64", "9,426", "99.3%", "97.0%", "97.6%"],
                ["4", "856", "51", "805", "94.0%", "88.5%", "90.3%"],
                ["All", "25,676", "400", "25,276", "98.4%", "95.6%", "95.0%"],
            ],
            [16, 24, 24, 20, 25, 29, 29],
            total=True,
        ),
        *text(
            "Three of four routes became more punctual. Route 1 gained 1.3 points, mainly because vehicles now have "
            "to be at the quay 15 minutes before departure instead of 10. Route 2 lost 3.8 points; the next page "
            "says why.",
        ),
        *table(
            "Table 7. Why sailings were cancelled",
            [
                ["Reason", "2024", "2025"],
                ["Weather", "229", "214"],
                ["Technical fault", "71", "143"],
                ["No crew", "24", "31"],
                ["Other", "10", "12"],
                ["All cancelled sailings", "334", "400"],
            ],
            [60, 28, 28],
            total=True,
        ),
        *text(
            "Of the 143 sailings lost to technical faults, 112 were on Route 2 and had to do with the charging "
            "station. Without them, fewer sailings would have been cancelled than in 2024.",
        ),
    ]


def _route_2() -> list[Flowable]:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    values = [96.0, 95.8, 88.1, 86.9, 90.2, 92.6, 92.9, 93.3, 93.8, 93.0, 92.4, 93.1]
    return [
        *section("What happened on Route 2"),
        *text(
            "The charging station at Ardwell was commissioned on 3 March 2025 and Petrel took over the route on 17 "
            "March. One week later, on 24 March, the pump that cools the charging cable failed. A replacement was "
            "fitted on 2 April and failed in its turn on 14 April. Until the supplier had changed the design, Petrel "
            "could be charged only at half power, which takes 16 minutes instead of 8. On 9 May 2025 the new pump "
            "was in place, and there has been no failure since.",
            "In those weeks Kittiwake stood in for Petrel on 19 days. The repair was covered by the supplier's "
            "warranty. The supplier also paid compensation of €36,000, which is part of other income.",
        ),
        *figure(
            "Figure 4. Departures on time on Route 2 in 2025, in percent, by month",
            monthly_line(list(zip(months, values, strict=True)), lowest=84, highest=97),
        ),
        *text(
            "Since June, between 92% and 94% of departures have been on time, still less than in 2024. The timetable "
            "leaves Petrel 9 minutes at Ardwell, and charging needs 8 of them. The board has therefore decided on "
            "two measures. From 29 March 2026 every second stop at Ardwell will be 4 minutes longer, which reduces "
            "the timetable from 24 to 22 sailings a day. And a second charging station will be built at Holmsey in "
            "2026 for €420,000, so that Petrel can be charged at either end. When it works, the timetable will "
            "return to 24 sailings a day; we expect that in November 2026.",
        ),
        heading("What we have learned"),
        *text(
            "First, a spare pump and a spare cable are now kept at Ardwell. Second, the next charging station will "
            "come from the same supplier but with two cooling circuits. Third, Kittiwake's crew keeps its licence "
            "for Route 2, so that the ships can be exchanged within two hours.",
        ),
    ]


def _fleet() -> list[Flowable]:
    return [
        *section("Fleet"),
        *text(
            "At the end of 2025 the cooperative owned five vessels with 976 passenger places and 104 car places. "
            "Their average age was 15 years. Whimbrel, built in 1987, was sold in June 2025 for €95,000, exactly her "
            "book value, and is now a workboat on a fish farm.",
        ),
        *table(
            "Table 8. The vessels at 31 December 2025",
            [
                ["Name", "Built", "Length", "Passengers", "Cars", "Propulsion", "Service"],
                ["Marrel", "1998", "46 m", "250", "32", "diesel", "reserve"],
                ["Skua", "2003", "24 m", "96", "0", "diesel", "Route 4"],
                ["Sula", "2009", "52 m", "300", "40", "diesel-electric", "Route 1"],
                ["Kittiwake", "2014", "38 m", "180", "18", "diesel", "Route 3"],
                ["Petrel", "2024", "36 m", "150", "14", "battery", "Route 2"],
            ],
            [25, 17, 20, 26, 16, 32, 24],
        ),
        heading("Petrel"),
        *text(
            "Petrel was built by the Norrhamn yard in 2024 and delivered on 28 February 2025. Her battery holds "
            "1,850 kilowatt hours; a crossing to Holmsey takes about 97 kilowatt hours, so that in an emergency she "
            "can make nineteen crossings without charging. Her service speed is 10.5 knots. She is operated by a "
            "crew of three, one fewer than Kittiwake.",
            "She cost €4,100,000. The regional climate fund gave a grant of €1,600,000, Varra Savings Bank lent "
            "€2,000,000 for 15 years at a fixed 3.9%, and €500,000 came from the vessel reserve. The price of the "
            "charging station at Ardwell, €380,000, was borne by the harbour authority.",
        ),
        heading("Maintenance"),
        *text(
            "Sula was in dry dock from 6 to 31 January 2025 and Kittiwake from 3 to 21 November. Sula's hybrid "
            "drive, fitted in 2021, has passed its five-year inspection a year early; its batteries have kept 91% of "
            "their capacity. Marrel served on 74 days as a reserve. Her main engine has run for 118,000 hours, and "
            "spare parts are no longer made for it: that is why the board wants to replace her by 2028.",
        ),
    ]


def _energy() -> list[Flowable]:
    return [
        *section("Energy and climate"),
        *text(
            "The fleet burned 893,000 litres of diesel in 2025, 203,000 litres fewer than in 2024. Most of the "
            "saving, 171,000 litres, comes from Petrel on Route 2. The rest comes from Sula, which has crossed one "
            "knot slower outside the summer timetable since October 2024. Petrel was charged with 612 megawatt hours "
            "of electricity, all of it from wind power with a certificate of origin; we count it as free of "
            "emissions.",
        ),
        *table(
            "Table 9. Energy and emissions",
            [
                ["In the year", "2023", "2024", "2025"],
                ["Diesel (litres)", "1,118,000", "1,096,000", "893,000"],
                ["Price of diesel per litre", "€0.99", "€0.96", "€0.98"],
                ["Electricity for propulsion (MWh)", "0", "0", "612"],
                ["CO2 (tonnes)", "2,996", "2,937", "2,393"],
                ["CO2 per passenger (kg)", "6.6", "6.3", "4.9"],
            ],
            [66, 32, 32, 32],
            note="CO2 is reckoned as 2.68 kg per litre of diesel. Price: average of the year, without value added tax.",
        ),
        *figure(
            "Figure 5. CO2 of the fleet in tonnes, with the targets for 2027 and 2028",
            bars(
                [
                    ("2023: 2,996", 2996),
                    ("2024: 2,937", 2937),
                    ("2025: 2,393", 2393),
                    ("Target 2027: 1,900", 1900),
                    ("Target 2028: 1,200", 1200),
                ],
                height=95,
                highest=3000,
            ),
        ),
        *text(
            "Emissions fell by 544 tonnes, or 18.5%. The target of 1,900 tonnes in 2027 can be reached with the "
            "second charging station at Holmsey and with biodiesel for Skua. The target of 1,200 tonnes in 2028 "
            "needs the second electric ferry.",
            "The electricity bill was €104,000. Of this, €66,000 was for charging Petrel, about €108 per megawatt "
            "hour; the rest was for terminals and for shore power at night. The diesel that Petrel saved would have "
            "cost about €167,000.",
        ),
    ]


def _safety() -> list[Flowable]:
    return [
        *section("Safety"),
        *text(
            "32 incidents were reported in 2025, five fewer than in 2024. We count every event that hurt a person, "
            "damaged a ship or a pier, or could have done so. Near misses make up most of the list; crews are asked "
            "to report them, and nobody is blamed for a report. No passenger or member of the crew has been killed "
            "in the cooperative's service since 1961.",
        ),
        *table(
            "Table 10. Reported incidents",
            [
                ["In the year", "2023", "2024", "2025"],
                ["Passengers hurt", "6", "5", "3"],
                ["Crew hurt", "4", "4", "2"],
                ["Damage to ships or piers", "9", "7", "7"],
                ["Near misses", "22", "21", "20"],
                ["All incidents", "41", "37", "32"],
            ],
            [66, 26, 26, 26],
            total=True,
        ),
        heading("The accident of 12 August"),
        *text(
            "The most serious event of the year was on 12 August 2025, when Sula touched the pier at Great Varra at "
            "2.1 knots. The bow ramp was bent. Nobody was hurt; 214 passengers left the ship over the side door. "
            "Sula was out of service for six days, and Marrel took her place. The repair cost €48,000. The insurer "
            "paid €33,000, and the cooperative bore the deductible of €15,000.",
            "The maritime authority's report of 4 December 2025 names a delayed signal in the control of the aft "
            "thruster as the cause. The software was changed on 20 August, and since then the control is tested "
            "before each day's first departure.",
        ),
        heading("Drills and inspections"),
        *text(
            "118 drills were held; 112 were planned. They comprised 46 fire drills, 38 drills for abandoning ship, "
            "22 for a person overboard and 12 for a battery fire on Petrel, which were new. The authority inspected "
            "each vessel once and found 7 deficiencies (2024: 11), all of which were put right within the time set.",
            "Every ship carries life jackets for 110% of her passenger places and, since 1 May 2025, a defibrillator.",
        ),
    ]


def _staff() -> list[Flowable]:
    return [
        *section("Staff"),
        *text(
            "The cooperative employed 63 people at the end of 2025, counted as full-time posts, two more than a year "
            "before. 44 belong to the crews, 12 work on shore and 7 in the office at Ardwell. 24 of the 63 are "
            "women. Four apprentices are in training, two of them as marine engineers.",
        ),
        *table(
            "Table 11. Staff, in full-time posts at 31 December",
            [
                ["At the end of", "2023", "2024", "2025"],
                ["Crews", "42", "43", "44"],
                ["Shore", "11", "11", "12"],
                ["Office", "7", "7", "7"],
                ["All", "60", "61", "63"],
                ["Sick days per person", "8.6", "8.1", "7.4"],
                ["People who left", "5", "4", "3"],
            ],
            [66, 26, 26, 26],
        ),
        heading("Pay and hours"),
        *text(
            "Pay rose by 3.8% on 1 January 2025 under the agreement with the Sound Seafarers' Union, which runs "
            "until 31 December 2026 and brings another 3.0% on 1 January 2026. The highest salary is 3.4 times the "
            "lowest; the rules of the cooperative allow at most 4 times. Crews on Routes 1 and 2 work seven days on "
            "and seven days off; on Route 3 they live at home and work five days a week.",
        ),
        heading("Who will sail the ships in 2030?"),
        *text(
            "Five of our eleven deck officers will retire by the end of 2028. We have therefore agreed with the "
            "nautical school at Ardwell to pay the course fees of up to three islanders a year, €9,200 for each, in "
            "return for three years of service. The first two began in August 2025. In 2025, 31 sailings were "
            "cancelled because no crew could be found, after 24 in 2024.",
        ),
        heading("Training"),
        *text(
            "All crew who work on Petrel have passed the course on high-voltage systems, which takes four days. On "
            "average each employee had 5.2 days of training in 2025 (2024: 3.9).",
        ),
    ]


def _fares() -> list[Flowable]:
    return [
        *section("Fares"),
        *text(
            "On 1 April 2025 fares rose on Routes 1 and 4 and stayed the same on Routes 2 and 3. Over all tickets "
            "sold, the increase was 2.1% on average; prices in the county rose by 2.6%. Bicycles have been free "
            "since the same day.",
        ),
        *table(
            "Table 12. Single fares in euros",
            [
                ["Ticket", "Route 1", "Route 2", "Route 3", "Route 4"],
                ["Adult, until 31 March 2025", "6.60", "4.20", "2.50", "11.50"],
                ["Adult, from 1 April 2025", "6.80", "4.20", "2.50", "12.00"],
                ["Adult, from 1 April 2026", "7.00", "4.30", "2.50", "12.50"],
                ["Child from 5 to 15 years, from 1 April 2025", "3.40", "2.10", "1.25", "6.00"],
                ["Car with driver, until 31 March 2025", "23.00", "15.50", "9.00", "none"],
                ["Car with driver, from 1 April 2025", "24.00", "15.50", "9.00", "none"],
                ["Car with driver, from 1 April 2026", "24.50", "16.00", "9.00", "none"],
            ],
            [74, 22, 22, 22, 22],
            note="Children under 5, bicycles, wheelchairs and guide dogs travel free. A dog pays the child's fare.",
        ),
        heading("Passes and discounts"),
        *text(
            "The islander pass costs €48 a month and is valid on Routes 1, 2 and 3 without limit. It is sold to "
            "people whose main residence is on one of the islands. 1,946 residents held one at the end of 2025, 73 "
            "more than a year before. Its price has not changed since 2022 and will not change in 2026.",
            "A ten-trip card costs eight times the single fare and is valid for 18 months. The Two Varras day "
            "ticket, new in May 2025, covers Routes 1 and 3 there and back for €15.00; 9,740 were sold. Groups of 12 "
            "or more pay 20% less. Members have no discount, because the rules forbid it.",
        ),
        heading("Refunds"),
        *text(
            "Whoever waits more than 60 minutes for a delayed or cancelled sailing gets half of the fare back; after "
            "120 minutes, the whole fare. This holds whatever the cause, weather excepted. In 2025 we refunded "
            "€21,400 (2024: €9,800). A refund has to be asked for within 30 days.",
        ),
    ]


def _satisfaction() -> list[Flowable]:
    return [
        *section("What passengers think"),
        *text(
            "1,212 passengers answered our survey in September 2025. They gave an overall mark of 8.1 out of 10, "
            "after 7.9 in 2024 and 7.8 in 2023. The crews had the best mark, 9.0, and the waiting rooms the worst, "
            "6.4.",
        ),
        *table(
            "Table 13. Marks from 1 to 10, where 10 is best",
            [
                ["Asked about", "2023", "2024", "2025"],
                ["Crews", "8.8", "8.9", "9.0"],
                ["Comfort on board", "7.6", "7.7", "8.2"],
                ["Buying a ticket", "7.4", "7.5", "7.6"],
                ["Punctuality", "8.0", "8.1", "7.7"],
                ["Information when sailings are late", "6.5", "6.7", "6.9"],
                ["Waiting rooms", "6.6", "6.5", "6.4"],
                ["Overall", "7.8", "7.9", "8.1"],
            ],
            [66, 26, 26, 26],
            total=True,
        ),
        *text(
            "Passengers to Holmsey were asked about Petrel. 84% find her better than Kittiwake, 9% worse, and 7% see "
            "no difference. What they praise most is the silence; what they miss most is the café, which Petrel does "
            "not have.",
        ),
        heading("Complaints"),
        *text(
            "We received 386 complaints (2024: 341), or 79 for every 100,000 passengers (2024: 73). 171 were about "
            "delays and cancelled sailings, 92 about fares and ticket machines, 68 about the booking of vehicles and "
            "55 about other things. 92% were answered within ten working days; our promise is 95%. Two went to the "
            "county's ombudsman, who found for the cooperative in one case and for the passenger in the other.",
        ),
        heading("What we are doing"),
        *text(
            "The waiting rooms at Ardwell and Great Varra will be heated and painted in 2026, those at Holmsey and "
            "Little Varra in 2027 and 2028, for €40,000 a year. A new ticketing system will let passengers change a "
            "booking by telephone or online up to one hour before departure. Since 1 October 2025 delays of more "
            "than ten minutes are announced by text message to everyone who has booked a vehicle.",
        ),
    ]


def _accounts() -> list[Flowable]:
    return [
        *section("Accounts: income and costs"),
        *table(
            "Table 14. Income and costs in thousands of euros",
            [
                ["In the year", "2024", "2025", "Change"],
                ["Passenger fares", "1,962", "2,094", "+132"],
                ["Vehicle fares", "1,318", "1,334", "+16"],
                ["Freight and mail", "246", "262", "+16"],
                ["Public service contract", "1,640", "1,680", "+40"],
                ["Catering and other income", "118", "136", "+18"],
                ["Income", "5,284", "5,506", "+222"],
                ["Crews and shore staff", "2,214", "2,328", "+114"],
                ["Diesel", "1,052", "871", "-181"],
                ["Electricity", "38", "104", "+66"],
                ["Maintenance and dry dock", "706", "742", "+36"],
                ["Harbour dues and insurance", "371", "386", "+15"],
                ["Depreciation", "412", "538", "+126"],
                ["Administration", "243", "251", "+8"],
                ["Interest", "64", "117", "+53"],
                ["Costs", "5,100", "5,337", "+237"],
                ["Surplus before tax", "184", "169", "-15"],
                ["Tax", "30", "27", "-3"],
                ["Surplus after tax", "154", "142", "-12"],
            ],
            [72, 28, 28, 28],
            total=True,
        ),
        *text(
            "Income rose by €222,000, or 4.2%, to €5,506,000. Fares paid by passengers and for vehicles made up "
            "€3,428,000 of it, or 62%, and the public service contract 31%. Costs rose by €237,000, or 4.6%. The "
            "bill for diesel fell by €181,000, but Petrel brought €126,000 more depreciation, €53,000 more interest "
            "and €66,000 more electricity. The office staff are paid under administration.",
        ),
    ]


def _money() -> list[Flowable]:
    return [
        *section("Accounts: where the money comes from and goes"),
        heading("How Petrel was paid for"),
        *figure(
            "Figure 6. The price of €4,100,000",
            shares(
                [
                    ("Loan from Varra Savings Bank: €2,000,000", 2.0),
                    ("Grant from the regional climate fund: €1,600,000", 1.6),
                    ("Vessel reserve: €500,000", 0.5),
                ]
            ),
        ),
        heading("Loans and reserves"),
        *table(
            "Table 15. Loans and own funds at 31 December, in thousands of euros",
            [
                ["At the end of", "2023", "2024", "2025"],
                ["Loans outstanding", "1,640", "1,420", "3,180"],
                ["Share capital", "1,072", "1,104", "1,145"],
                ["Reserves", "2,735", "2,861", "2,974"],
                ["Share capital and reserves", "3,807", "3,965", "4,119"],
            ],
            [72, 28, 28, 28],
        ),
        *text(
            "The cooperative repaid €240,000 of its older loans in 2025 and drew the new one of €2,000,000. The "
            "older loans end in 2031. At the end of 2025 loans came to 77% of share capital and reserves; the "
            "board's own limit is 120%.",
        ),
        heading("Dividend"),
        *text(
            "The board proposes to pay 2.5% on member shares, €2.50 for each share of €100, in all €28,625. The "
            "remaining €113,375 of the surplus after tax goes to the vessel reserve. The rules of the cooperative "
            "allow a dividend of at most 4% and none in a year with a deficit. The last year without a dividend was "
            "2021.",
        ),
        heading("The public service contract"),
        *text(
            "Sound County Council pays the cooperative for sailings that fares alone would not cover, above all in "
            "winter and on Route 3. The contract runs from 1 January 2023 to 31 December 2028. It paid €1,640,000 in "
            "2024 and €1,680,000 in 2025; for 2026, €1,715,000 has been agreed. Per passenger that was €3.51 in 2024 "
            "and €3.42 in 2025.",
        ),
        heading("Audit"),
        *text(
            "The accounts were audited by Lund and Hale, who gave an opinion without reservation on 19 March 2026. "
            "They have been the auditors since 2020 and will have to be replaced after ten years.",
        ),
    ]


def _plan() -> list[Flowable]:
    return [
        *section("Plan for 2026 to 2028"),
        *table(
            "Table 16. Planned investments in thousands of euros",
            [
                ["For", "2026", "2027", "2028", "Together"],
                ["Second electric ferry", "150", "2,900", "2,350", "5,400"],
                ["Charging station at Holmsey", "420", "0", "0", "420"],
                ["Ramp at Little Varra", "180", "0", "0", "180"],
                ["Ticketing system", "90", "60", "0", "150"],
                ["Waiting rooms", "40", "40", "40", "120"],
                ["All", "880", "3,000", "2,390", "6,270"],
            ],
            [62, 25, 25, 25, 25],
            total=True,
        ),
        *text(
            "The second electric ferry is to replace Marrel. The price of €5,400,000 would be met by a grant of 40%, "
            "a loan of 45% and 15% from the vessel reserve. The grant has been applied for; an answer is expected by "
            "the end of April 2026. Without the grant the board will not place the order. If the members agree on 16 "
            "May 2026, the ship could be in service in June 2028.",
            "For 2026 the board expects 498,000 passengers, income of €5,640,000 and costs of €5,455,000, which "
            "would leave a surplus before tax of €185,000.",
        ),
        heading("Risks"),
        *text(
            "Diesel: at a planned use of 850,000 litres in 2026, a price that is higher by 10 cents a litre costs "
            "€85,000. Two thirds of the year's need has been bought ahead at €0.97.",
            "Charging: until the station at Holmsey works, Route 2 depends on one charger. A failure of a week would "
            "cost about €30,000 in lost fares and refunds.",
            "People: five deck officers retire by the end of 2028 (page 12).",
            "Interest: the loan for Petrel has a fixed rate. A loan for the second ferry would not be drawn before "
            "2027; each percentage point more would cost about €24,000 in the first year.",
            "The contract: after 31 December 2028 the county may invite other bidders. Without the contract, Route 3 "
            "could not be run in winter.",
        ),
    ]


def _governance() -> list[Flowable]:
    return [
        *section("Governance"),
        *text(
            "The members elect a board of seven for three years; nobody may serve more than four terms. The board "
            "appoints the managing director. Elspeth Quarrie has held this office since 1 September 2022. The board "
            "met eleven times in 2025; attendance was 94%. Its members receive €2,400 a year each, the chair €6,000.",
        ),
        *table(
            "Table 17. The board at 31 December 2025",
            [
                ["Name", "Office", "Home", "Since", "Term ends"],
                ["Ingrid Maltby", "chair", "Great Varra", "2018", "2027"],
                ["Tomas Rehn", "vice chair", "Holmsey", "2019", "2028"],
                ["Aoife Carrick", "treasurer", "Ardwell", "2021", "2027"],
                ["Jonas Bellweather", "member", "Great Varra", "2022", "2028"],
                ["Mairi Strand", "member", "Little Varra", "2023", "2026"],
                ["Peter Oyelaran", "member", "Ardwell", "2023", "2026"],
                ["Signe Haugland", "staff member", "Great Varra", "2024", "2027"],
            ],
            [44, 32, 32, 24, 26],
        ),
        *text(
            "Ingrid Maltby has been chair since 2021. The terms of Mairi Strand and Peter Oyelaran end with the "
            "meeting of 2026; both stand again."
        ),
        heading("The annual general meeting of 17 May 2025"),
        *text(
            "412 members were present or represented. The accounts for 2024 were approved by 398 votes to 6, with 8 "
            "abstentions. The ceiling of 100 shares per member was raised to 200 by 301 votes to 96, with 15 "
            "abstentions. A motion to run night sailings on Route 1 on Fridays and Saturdays was rejected by 214 "
            "votes to 187, with 11 abstentions; the board had put its cost at €140,000 a year.",
        ),
        heading("The annual general meeting of 16 May 2026"),
        *text(
            "The meeting will be held in the hall of Great Varra school at 14:00. Members travel free on that day. "
            "On the agenda are the accounts for 2025, the dividend, the order of a second electric ferry, and the "
            "election of two members of the board. Motions must reach the office by 17 April 2026. A member may "
            "represent at most two others, with a written proxy. The order of the ferry needs two thirds of the "
            "votes cast, because it is worth more than €2,000,000.",
        ),
    ]


def _glossary() -> list[Flowable]:
    entries = [
        ("Biodiesel", "diesel made from used cooking oil; Skua is to run on it from 2027."),
        (
            "CO2 per passenger",
            "the fleet's emissions of the year divided by the number of passengers, vehicles not deducted.",
        ),
        (
            "Deductible",
            "the part of a damage that the insured bears; for the cooperative's ships €15,000 for each event.",
        ),
        ("Full-time post", "37.5 hours a week; two people who each work half of that count as one."),
        ("Islander", "a person whose main residence is on Great Varra, Little Varra, Holmsey or Tarn Skerry."),
        (
            "Member share",
            "a share of €100 in the cooperative; it can be returned at the end of a year with six months' notice, at "
            "its face value.",
        ),
        ("Near miss", "an event that hurt nobody and damaged nothing, but could have."),
        (
            "On time",
            "said of a departure within five minutes of the timetable. A cancelled sailing counts in reliability only.",
        ),
        ("Passenger", "one person on one crossing; a return journey counts as two."),
        ("Reliability", "sailings run as a share of sailings scheduled, whatever the reason for those that were not."),
        ("Reserve vessel", "a ship without a route of her own, kept ready to replace another within six hours."),
        ("Vessel reserve", "money set aside for ships; it stood at €1,310,000 at the end of 2025."),
    ]
    return [
        *section("Glossary and contact"),
        *text(*(f"<b>{word}:</b> {meaning}" for word, meaning in entries)),
        heading("Contact"),
        *text(
            "Skerrow Sound Ferry Cooperative, Harbour Square 3, Ardwell. The office is open from Monday to Friday, "
            "08:30 to 16:00. The booking line is staffed every day from 06:00 to 21:00. Lost property is kept for 90 "
            "days at the terminal in Ardwell.",
        ),
        heading("Next dates"),
        *text(
            "29 March 2026: summer timetable, with 22 sailings a day on Route 2. 1 April 2026: new fares. 17 April "
            "2026: last day for motions. 16 May 2026: annual general meeting. 1 June 2026: dividend paid. 24 "
            "September 2026: half-year figures.",
        ),
    ]


def _foot(canvas, document) -> None:
    canvas.saveState()
    canvas.setFont("Helvetica", 8)
    canvas.setFillColor(GREY)
    if document.page > 1:
        canvas.drawCentredString(
            A4[0] / 2, 12 * mm, f"Skerrow Sound Ferry Cooperative - Annual Report 2025 - page {document.page}"
        )
    canvas.restoreState()


def draw(target: Path) -> None:
    document = BaseDocTemplate(
        str(target),
        pagesize=A4,
        title="Skerrow Sound Ferry Cooperative: Annual Report 2025",
        author="Sleep-Time Chat contributors",
        subject="A sample document about an invented ferry cooperative",
        invariant=1,
    )
    frame = Frame(22 * mm, 20 * mm, WIDTH, A4[1] - 40 * mm, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame], onPageEnd=_foot))
    document.build(story())


if __name__ == "__main__":
    draw(TARGET)
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")
