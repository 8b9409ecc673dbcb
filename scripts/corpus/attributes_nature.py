"""Attributes of the map and of living things: mountains, waters, towns, planets, plants, animals, weather.

Comes in: nothing.    Goes out: NATURAL, attributes by name.
"""

# ruff: noqa: E501  (the phrase blocks are data: one role a line)

from random import Random

from scripts.corpus import amounts, lexicon
from scripts.corpus.amounts import count, measure, named, oneof
from scripts.corpus.attribute import Attribute, attribute
from scripts.corpus.lexicon import pick


def _peak(rng: Random) -> str:
    return pick(rng, ("Mount {}", "{} Hills", "the {} Range", "{} Fells", "the {} Massif", "{} Ridge")).format(lexicon.word(rng))


def _water(rng: Random) -> str:
    return pick(rng, ("Lake {}", "the {} Sea", "{} Bay", "the River {}", "the Gulf of {}", "{} Lagoon")).format(lexicon.word(rng))

NATURE = (
    attribute("range_hills", named(_peak), "mountain range, range, partOf, massif, belongs to", """
        l  in {v}
        v  belongs to {v} ; is part of {v} ; lies in {v}
        p  belonging to {v}
        """),
    attribute("ascent", amounts.year, "first ascent, firstAscent, first climbed, climbed in", """
        v  was first climbed in {v} ; saw its first ascent in {v}
        p  first climbed in {v}
        n  year of the first ascent
        s  The first ascent was made in {v} ; Nobody reached the top before {v}
        """),
    attribute("mouth", named(_water), "mouth, flows into, outflow, riverMouth, drains into", """
        v  flows into {v} ; drains into {v} ; ends in {v}
        p  flowing into {v}
        n  mouth
        s  {v} takes in its waters ; The water flows into {v}
        """),
    attribute("source", named(_peak), "source, rises in, sourceLocation, origin", """
        v  rises in {v} ; has its source in {v} ; begins in {v}
        p  rising in {v}
        n  source
        """),
    attribute("depth", measure(2, 900, "metres|m|feet", 1), "depth, max depth, maximum depth, deepest point", """
        v  is {v} deep ; reaches a depth of {v} ; is up to {v} deep
        w  @ depth of {v} ; @ maximum depth of {v}
        n  depth ; maximum depth
        """),
    attribute("population", count(30, 900000), "population, inhabitants, people, populationTotal, residents, population total", """
        v  has {v} inhabitants ; has a population of {v} ; is home to {v} people ; counts {v} residents
        w  @ population of {v}
        p  with {v} inhabitants ; home to {v} people ; inhabited by {v} people
        n  population
        s  {v} people live there ; The number of inhabitants is {v}
        """),
    attribute("density", measure(2, 9000, "inhabitants per square kilometre|people per km²", 1), "population density, density, populationDensity", """
        v  has a population density of {v}
        w  @ population density of {v}
        n  population density
        """),
    attribute("mayor", named(lexicon.full_name), "mayor, leader, leaderName, leader name, headOfTown", """
        v  is led by {v} ; has {v} as its mayor ; is governed by {v}
        p  led by {v} ; governed by {v}
        s  {v} is the leader of {o} ; The leader of {o} is {v} ; {v} leads {o}
        """, link="leader"),
    attribute("capital", named(lexicon.spot), "capital, capital city, seat of government", """
        v  has its capital in {v} ; is governed from {v} ; has {v} as its capital
        p  with {v} as its capital ; governed from {v}
        n  capital
        s  {v} is the capital of {o}
        """, link="town"),
    attribute("currency", named(lambda rng: lexicon.word(rng, 2, 2) + pick(rng, (" dollar", " crown", " peso", " franc", "", " mark"))), "currency, money, official currency", """
        v  uses the {v} as its currency ; pays in the {v}
        p  using the {v} as its currency
        n  currency
        s  The currency is the {v}
        """),
    attribute("demonym", named(lambda rng: lexicon.word(rng) + pick(rng, ("ans", "ers", "ese", "ians"))), "demonym, people called, inhabitants called, ethnicGroup", """
        v  is home to the {v} ; is inhabited by the {v}
        p  inhabited by the {v}
        s  The people are known as {v} ; Its people are called {v}
        """),
    attribute("postcode", named(lambda rng: pick(rng, (f"{rng.randint(1000, 99999)}", lexicon.code(rng)))), "postal code, postcode, postalCode, zip, area code", """
        v  has the postal code {v} ; uses the postal code {v}
        p  with the postal code {v}
        n  postal code
        """),
    attribute("breeder", oneof("gentle, lively, calm, stubborn, loyal, playful, alert, shy, affectionate, independent"), "temperament, character, nature, temper", """
        a  {v}
        v  has @ {v} nature ; is known to be {v}
        n  temperament
        s  The temperament is {v}
        """),
    attribute("body_length", measure(3, 290, "cm|inches", 1), "length, body length, size, bodyLength", """
        v  is {v} long ; grows to {v} ; reaches a length of {v}
        w  @ body length of {v}
        n  body length
        """),
    attribute("body_weight", measure(2, 700, "kg|grams|pounds", 1), "weight, body weight, mass", """
        v  weighs {v} ; weighs about {v} ; has a weight of {v}
        w  @ weight of {v}
        p  weighing {v}
        n  weight
        """),
    attribute("spoken", oneof("French, Welsh, Spanish, Tamil, Finnish, English, Arabic, Swahili, Portuguese, Italian, German, Hindi"), "language, official language, languages, spoken language, officialLanguage", """
        v  has {v} as its official language ; uses {v} as its language
        p  with {v} as its official language ; where {v} is spoken
        n  official language ; language
        s  {v} is spoken there ; {v} is the language of {o} ; The language spoken there is {v}
        """),
    attribute("lifespan", named(lambda rng: f"{rng.randint(2, 9)} to {rng.randint(10, 80)} years"), "lifespan, life expectancy, lives for, life span", """
        v  lives for {v} ; reaches an age of {v}
        w  @ life expectancy of {v} ; @ lifespan of {v}
        n  lifespan ; life expectancy
        """),
    attribute("native", named(lexicon.country), "native to, origin, country of origin, found in, habitat", """
        v  comes from {v} ; is native to {v} ; is found in {v} ; has its origin in {v}
        p  native to {v} ; from {v} ; found in {v}
        s  Its home is {v} ; {v} is where it comes from
        """, link="country"),
    attribute("latin", named(lambda rng: lexicon.word(rng) + " " + lexicon.word(rng, 2, 2).lower()), "latin name, scientific name, binomial, species, binomialName", """
        v  is known to science as {v} ; has the scientific name {v}
        p  known to science as {v}
        n  scientific name ; Latin name
        s  Botanists call it {v} ; The scientific name is {v}
        """),
    attribute("family_bio", named(lambda rng: lexicon.word(rng) + pick(rng, ("aceae", "idae"))), "family, plant family, taxonomic family, order", """
        v  belongs to the {v} family ; is a member of the {v} family
        p  of the {v} family ; from the {v} family
        n  family
        """),
    attribute("flowers", amounts.month, "flowering, blooms in, bloom month, flowers in, season", """
        v  flowers in {v} ; blooms in {v} ; is in bloom in {v}
        p  flowering in {v} ; in bloom in {v}
        s  The flowers open in {v} ; {v} is the month of the flowers
        """),
    attribute("soil", oneof("sandy, moist, chalky, acidic, stony, loamy, clay, dry, peaty, salty"), "soil, soil type, grows in, preferred soil", """
        v  grows in {v} soil ; prefers {v} soil ; does best in {v} soil
        p  growing in {v} soil
        n  preferred soil
        """),
    attribute("orbit", measure(2, 5000, "days|hours|years", 1), "orbital period, orbitalPeriod, year length, orbits in", """
        v  completes an orbit in {v} ; takes {v} to go round its star ; has an orbital period of {v}
        w  @ orbital period of {v}
        n  orbital period
        """),
    attribute("diameter", measure(2, 120000, "km|kilometres|miles", 1), "diameter, mean diameter, size, meanDiameter", """
        v  measures {v} across ; has a diameter of {v} ; is {v} in diameter
        w  @ diameter of {v}
        n  diameter
        """),
    attribute("star", named(lambda rng: lexicon.word(rng) + pick(rng, ("", " B", f" {rng.randint(2, 99)}", " Major"))), "star, parent star, orbits, system", """
        v  orbits {v} ; circles {v} ; moves around {v}
        p  orbiting {v} ; circling {v}
        """),
    attribute("moons", count(2, 60), "moons, number of moons, satellites", """
        v  has {v} moons ; is circled by {v} moons
        p  with {v} moons
        """),
    attribute("temperature", named(lambda rng: f"{rng.randint(-40, 44)} °C" if rng.random() < 0.6 else f"{rng.uniform(-40, 44):.1f} degrees"), "temperature, mean temperature, average temperature, averageTemperature", """
        v  has a mean temperature of {v} ; has an average temperature of {v}
        w  @ mean temperature of {v}
        n  mean temperature
        s  The temperature is {v} ; Temperatures are around {v}
        """),
    attribute("rain", measure(2, 3000, "mm"), "rainfall, annual rainfall, precipitation, rain per year", """
        v  gets {v} of rain a year ; has an annual rainfall of {v} ; records {v} of rain
        w  @ rainfall of {v} ; @ yearly rainfall of {v}
        n  annual rainfall
        """),
    attribute("wind", measure(2, 130, "km/h|knots|mph"), "wind, wind speed, windSpeed, gusts", """
        v  has winds of {v} ; sees wind speeds of {v}
        w  @ wind speed of {v}
        n  wind speed
        s  The wind blows at {v}
        """),
)

NATURAL: dict[str, Attribute] = {a.name: a for a in NATURE}
