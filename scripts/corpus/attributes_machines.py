"""Attributes of machines, tools, vehicles, programs and goods.

Comes in: nothing.    Goes out: MACHINE, attributes by name.
"""

# ruff: noqa: E501  (the phrase blocks are data: one role a line)

from scripts.corpus import amounts, lexicon
from scripts.corpus.amounts import count, measure, named, oneof
from scripts.corpus.attribute import Attribute, attribute
from scripts.corpus.lexicon import pick

MACHINES = (
    attribute("maker", named(lexicon.company), "manufacturer, made by, maker, builder, brand, developer, producedBy, manufacturedBy", """
        v  is made by {v} ; comes from {v} ; was built by {v} ; is a product of {v}
        p  made by {v} ; from {v} ; built by {v} ; by {v}
        s  {v} makes {o} ; {v} is the maker of {o}
        n  manufacturer ; maker
        """, link="company"),
    attribute("weight", measure(2, 900, "kg|grams|tonnes|pounds", 1), "weight, mass, weighs", """
        v  weighs {v} ; has a weight of {v} ; tips the scales at {v}
        w  @ weight of {v}
        p  weighing {v}
        n  weight
        """),
    attribute("speed", measure(8, 900, "km/h|knots|mph", 1), "top speed, speed, maximum speed, topSpeed, max_speed", """
        v  has a top speed of {v} ; reaches {v} ; can do {v} ; moves at up to {v}
        w  @ top speed of {v} ; @ maximum speed of {v}
        p  reaching {v}
        n  top speed ; maximum speed
        """),
    attribute("power", measure(2, 9000, "kW|hp|horsepower", 1), "power, engine power, powerOutput, output", """
        v  delivers {v} ; has an output of {v} ; develops {v}
        w  @ power of {v} ; @ power output of {v}
        n  power ; power output
        """),
    attribute("places", count(2, 480), "capacity, seats, seating, passengers", """
        v  seats {v} ; has room for {v} passengers ; carries {v} passengers ; holds {v} people
        p  with {v} seats ; with room for {v} passengers ; carrying {v} passengers
        n  capacity
        s  There is room for {v} passengers
        """),
    attribute("engine", oneof("diesel, electric, steam, petrol, hybrid, gas turbine, nuclear, hydrogen"), "engine, fuel, engine type, propulsion, powerType", """
        v  runs on {v} power ; has @ {v} engine ; is driven by {v} power
        p  with {v} power ; driven by {v} power
        a  {v}-powered
        s  The engine type is {v}
        """),
    attribute("range", measure(20, 14000, "km|nautical miles|miles"), "range, maximum range, reach, maxRange", """
        v  has a range of {v} ; can travel {v} ; covers up to {v}
        w  @ range of {v}
        n  range
        """),
    attribute("crew", count(2, 1800), "crew, crew size, crew members, complement", """
        v  has a crew of {v} ; carries a crew of {v} ; needs a crew of {v} ; is manned by {v} people
        p  with a crew of {v} ; carrying a crew of {v}
        s  The crew is made up of {v} people ; The crew numbers {v}
        """),
    attribute("captain", named(lexicon.full_name), "captain, commander, skipper, master", """
        v  is commanded by {v} ; sails under {v} ; has {v} as captain
        p  under captain {v} ; commanded by {v} ; with {v} as captain
        s  {v} commands {o} ; The captain is {v}
        n  captain
        """),
    attribute("homeport", named(lexicon.spot), "home port, port, homePort, port of registry, base", """
        v  has its home port in {v} ; is registered in {v} ; sails from {v}
        p  registered in {v} ; sailing from {v}
        n  home port
        """, link="town"),
    attribute("launched", amounts.year, "launched, launch year, shipLaunch, launchDate, put to sea", """
        v  was launched in {v} ; first sailed in {v} ; was put to sea in {v}
        p  launched in {v} ; put to sea in {v}
        n  launch year
        s  The launch took place in {v} ; {v} was the year {s} was launched
        """),
    attribute("introduced", amounts.recent, "introduced, introduction, year, first made, release year, first flown", """
        v  was introduced in {v} ; first appeared in {v} ; came out in {v} ; went into production in {v}
        p  introduced in {v} ; first made in {v}
        n  year of introduction
        """),
    attribute("screen", measure(4, 32, "inches|cm", 1), "screen, screen size, display, displaySize", """
        v  has a screen of {v} ; comes with a display of {v}
        w  @ screen of {v} ; @ display of {v} ; @ screen size of {v}
        n  screen size
        """),
    attribute("memory", measure(2, 64, "GB"), "memory, ram, working memory", """
        v  has {v} of memory ; comes with {v} of memory
        p  with {v} of memory
        n  memory
        """),
    attribute("storage", measure(16, 990, "GB|TB"), "storage, drive, disk, storage capacity, hard drive", """
        v  has {v} of storage ; stores {v} ; offers {v} of storage
        p  with {v} of storage ; with @ {v} drive
        """),
    attribute("battery", measure(4, 90, "hours"), "battery, battery life, batteryLife, runs for", """
        v  runs for {v} on one charge ; has a battery life of {v} ; lasts {v} on battery
        w  @ battery life of {v}
        n  battery life
        """),
    attribute("cost", named(lambda rng: pick(rng, "£$€") + f"{rng.randint(9, 4000):,}"), "price, cost, retail price, costs, list price", """
        v  costs {v} ; sells for {v} ; is priced at {v} ; is sold at {v}
        p  priced at {v} ; costing {v} ; at {v}
        n  price
        s  The price is {v} ; You can buy {o} for {v}
        """),
    attribute("range_class", oneof("budget, mid-range, premium, entry-level, professional, compact, lightweight, portable, rugged, collectable"), "class, segment, market segment, family, use", """
        a  {v}
        v  is in the {v} class ; belongs to the {v} class
        p  in the {v} class
        s  The class is {v}
        """),
    attribute("waterproof", amounts.yes_no, "waterproof, waterResistant, water resistant", """
        a@yes  waterproof ; water-resistant
        p@yes  with a waterproof case
        v@no  is not waterproof ; cannot get wet ; is not water-resistant
        s@no  It is not safe to use in water
        """, judges=True),
    attribute("wireless", amounts.yes_no, "wireless charging, bluetooth, has bluetooth, bluetoothSupport", """
        v@yes  supports bluetooth ; comes with bluetooth ; has bluetooth
        p@yes  with bluetooth
        v@no  does not support bluetooth ; has no bluetooth ; comes without bluetooth
        p@no  without bluetooth
        """, judges=True),
    attribute("inuse", amounts.yes_no, "in service, inUse, in use, active, operational", """
        v@yes  is still in use ; remains in service ; is in service
        p@yes  still in service ; in use to this day
        v@no  is no longer in use ; is out of service ; has gone out of service
        p@no  no longer in use ; now out of service
        """, judges=True),
    attribute("licence", oneof("MIT licence, GPLv3, Apache 2.0, BSD licence, proprietary, public domain, Mozilla licence"), "licence, license, terms", """
        v  is released under {v} terms ; is distributed under the terms {v}
        p  under {v} terms
        n  licence
        """),
    attribute("platform", oneof("Linux, Windows, macOS, Android, the web, iOS, FreeBSD, game consoles"), "platform, operating system, runs on, os, operatingSystem", """
        v  runs on {v} ; is available for {v} ; works on {v}
        p  for {v} ; running on {v}
        n  platform
        """),
    attribute("written_in", oneof("Python, Rust, C++, Java, Go, Haskell, Ruby, Julia, Kotlin, Fortran, OCaml"), "written in, programming language, programmingLanguage, implemented in", """
        v  is written in {v} ; was programmed in {v} ; is implemented in {v}
        p  written in {v} ; implemented in {v}
        s  The programming language is {v}
        """),
    attribute("version", named(lambda rng: f"{rng.randint(0, 12)}.{rng.randint(0, 30)}" + pick(rng, ("", f".{rng.randint(0, 9)}", "-beta"))), "version, latest version, current release, stableRelease", """
        v  is at version {v} ; has reached version {v} ; is available in version {v}
        p  in version {v}
        n  latest version ; current version
        """),
    attribute("colour", oneof("red, dark blue, pale green, grey, black, white, cream, orange, silver, turquoise, violet, brown, golden, black and white, crimson"), "colour, color, colours, painted, main colour", """
        a  {v}
        v  is {v} in colour ; comes in {v} ; is painted {v}
        p  in {v} ; painted {v}
        n  colour
        s  The colour is {v}
        """),
    attribute("code", named(lexicon.code), "code, model number, registration, identifier, serial, ICAO code, call sign, number, id", """
        v  has the code {v} ; carries the code {v} ; goes by the code {v}
        p  with the code {v} ; listed under the code {v}
        n  code
        s  The code is {v} ; {v} is the code of {o}
        """),
    attribute("inventor", named(lexicon.full_name), "inventor, invented by, inventedBy, discovered by, discoverer, creator", """
        v  was invented by {v} ; is an invention of {v} ; was first made by {v}
        p  invented by {v}
        s  {v} invented {o} ; The inventor is {v} ; {v} came up with {o}
        n  inventor
        """, link="author"),
    attribute("line", named(lambda rng: lexicon.place(rng) + " to " + lexicon.place(rng)), "route, line, connects, travels, service", """
        v  runs from {v} ; serves the route {v} ; connects the line {v}
        p  running from {v} ; on the line from {v}
        n  route
        """),
    attribute("gauge", measure(600, 1676, "mm"), "gauge, track gauge, trackGauge", """
        v  runs on a gauge of {v} ; uses a track gauge of {v}
        w  @ track gauge of {v}
        n  track gauge
        """),
    attribute("runway", measure(600, 4200, "metres|m|feet", 1), "runwayLength, runway length, longest runway, runway", """
        v  has a runway of {v} ; has a runway length of {v}
        w  @ runway length of {v} ; @ runway of {v}
        n  runway length
        """),
    attribute("serves", named(lexicon.spot), "cityServed, city served, serves, serves the city of", """
        v  serves {v} ; serves the city of {v} ; is the airport of {v}
        p  serving {v} ; serving the city of {v}
        s  {v} is served by {s} ; The city of {v} is served by {s}
        """, link="town"),
)

MACHINE: dict[str, Attribute] = {a.name: a for a in MACHINES}
