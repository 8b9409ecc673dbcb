"""Attributes of works, machines, living things, places on the map, events.

Comes in: nothing.    Goes out: THINGS, attributes by name.
"""

from random import Random

from scripts.corpus import amounts, lexicon
from scripts.corpus.amounts import count, measure, named, oneof, several
from scripts.corpus.attribute import Attribute, attribute
from scripts.corpus.lexicon import pick


def _peak(rng: Random) -> str:
    return pick(rng, ("Mount {}", "{} Hills", "the {} Range", "{} Fells", "the {} Massif", "{} Ridge")).format(lexicon.word(rng))


def _water(rng: Random) -> str:
    return pick(rng, ("Lake {}", "the {} Sea", "{} Bay", "the River {}", "the Gulf of {}", "{} Lagoon")).format(lexicon.word(rng))


WORKS = (
    attribute("made_in", named(lexicon.country), "country, origin, country of origin, made in, nation, locationCountry", """
        v  comes from {v} ; is from {v} ; has its origin in {v}
        p  from {v}
        n  country of origin
        s  The country of origin is {v}
        """, link="country"),
    attribute("author", several(lexicon.full_name), "author, written by, writer, authors, writtenBy", """
        v  was written by {v} ; is by {v} ; is the work of {v} ; comes from the pen of {v}
        p  by {v} ; written by {v}
        s  {v} wrote {o} ; {v} is the author of {o}
        n  author
        """, link="author"),
    attribute("director", several(lexicon.full_name), "director, directed by, directors, directedBy", """
        v  was directed by {v} ; is directed by {v} ; had {v} as its director
        p  directed by {v} ; by {v}
        s  {v} directed {o} ; {v} was in the director's chair
        n  director
        """, link="author"),
    attribute("starring", several(lexicon.full_name), "starring, stars, lead actor, cast, leading role", """
        v  stars {v} ; features {v} ; has {v} in the cast
        p  starring {v} ; with {v} in the leading role ; featuring {v}
        p@many  starring {v} ; featuring {v} ; with {v}
        s  {v} can be seen in {o}
        """),
    attribute("composer", named(lexicon.full_name), "composer, music by, score by, musicComposer", """
        v  has music by {v} ; was set to music by {v} ; has a score by {v}
        p  with music by {v} ; with a score by {v}
        s  {v} wrote the music ; The music is by {v}
        n  composer
        """),
    attribute("publisher", named(lexicon.company), "publisher, published by, publishedBy, distributor, imprint", """
        v  was published by {v} ; came out with {v} ; is published by {v}
        p  published by {v} ; from {v}
        s  {v} published {o} ; {v} brought {o} out
        n  publisher
        """, link="company"),
    attribute("released", amounts.recent, "released, release year, year, releaseDate, first published, published in, year of release", """
        v  came out in {v} ; was released in {v} ; first appeared in {v} ; dates from {v}
        p  released in {v} ; from {v}
        n  year of release
        s  The release was in {v} ; {v} saw the release of {o}
        """),
    attribute("pages", count(40, 1200), "pages, page count, numberOfPages, number of pages, length", """
        v  has {v} pages ; runs to {v} pages ; is {v} pages long
        p  with {v} pages ; running to {v} pages
        s  There are {v} pages ; The number of pages is {v}
        """),
    attribute("runtime", measure(28, 240, "minutes|min"), "runtime, running time, duration, length", """
        v  runs for {v} ; lasts {v} ; is {v} long ; has a running time of {v}
        w  @ running time of {v}
        p  lasting {v} ; running for {v}
        n  running time
        """),
    attribute("language", oneof("French, Welsh, Icelandic, Spanish, Catalan, Tamil, Finnish, English, Arabic, Basque, Korean, Swahili, Portuguese, Estonian, Italian, German, Latin, Hindi"), "language, languages, original language, spoken in", """
        v  is in {v} ; uses {v} as its language
        p  in {v}
        n  language
        s  The language is {v}
        """),
    attribute("genre", oneof("crime, science fiction, historical, fantasy, romantic, adventure, documentary, comedy, mystery, detective, coming-of-age, satirical, gothic, war, horror"), "genre, category, literary genre, kind of story", """
        a  {v}
        n  genre
        s  The genre is {v}
        """),
    attribute("sold", count(2000, 9000000), "copies sold, sales, units sold, copiesSold", """
        v  has sold {v} copies ; sold {v} copies ; found {v} buyers
        p  with {v} copies sold
        s  {v} copies were sold ; {v} people bought {o}
        """),
    attribute("tracks", count(4, 30), "tracks, number of songs, songs, track count", """
        v  has {v} tracks ; contains {v} songs ; is made up of {v} tracks
        p  with {v} tracks ; containing {v} songs
        """),
    attribute("artist", named(lexicon.full_name), "artist, painter, made by, creator, by, sculptor", """
        v  is by {v} ; is the work of {v} ; was made by {v} ; was created by {v}
        p  by {v} ; made by {v} ; created by {v}
        s  {v} made {o} ; {v} created {o} ; The artist is {v}
        n  artist
        """, link="architect"),
    attribute("medium", oneof("oil on canvas, watercolour, tempera, charcoal, bronze, lithograph, fresco, pastel, ink on paper, woodcut"), "medium, technique, painted in", """
        v  was made in {v} ; is done in {v} ; was created in {v}
        p  in {v} ; made in {v}
        n  medium
        """),
    attribute("held", named(lexicon.landmark), "held at, on display at, current location, museum, exhibited in", """
        v  hangs in {v} ; is on display at {v} ; is kept at {v} ; can be seen at {v}
        p  on display at {v} ; kept at {v}
        s  {v} keeps {o} ; {v} has {o} on display
        """),
)

MACHINES = (
    attribute("maker", named(lexicon.company), "manufacturer, made by, maker, builder, brand, developer, producedBy, manufacturedBy", """
        v  is made by {v} ; comes from {v} ; was built by {v} ; is a product of {v}
        p  made by {v} ; from {v} ; built by {v} ; by {v}
        s  {v} makes {o} ; {v} is the maker of {o}
        n  manufacturer ; maker
        """, link="company"),
    attribute("weight", measure(2, 900, "kg|grams|tonnes|pounds", 1), "weight, mass, weighs, weight_kg", """
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
    attribute("engine", oneof("diesel, electric, steam, petrol, hybrid, gas turbine, nuclear, hydrogen"), "engine, fuel, engine type, propulsion, powerType", """
        v  runs on {v} power ; has a {v} engine ; is driven by {v} power
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
    attribute("homeport", named(lexicon.place), "home port, port, homePort, port of registry, base", """
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
        p  with {v} of storage ; with a {v} drive
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
    attribute("serves", named(lexicon.place), "cityServed, city served, serves, serves the city of", """
        v  serves {v} ; serves the city of {v} ; is the airport of {v}
        p  serving {v} ; serving the city of {v}
        s  {v} is served by {s} ; The city of {v} is served by {s}
        """, link="town"),
)

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
    attribute("capital", named(lexicon.place), "capital, capital city, seat of government", """
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
        v  has a {v} nature ; is known to be {v}
        n  temperament
        s  The temperament is {v}
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

EVENTS = (
    attribute("venue_town", named(lexicon.place), "location, town, place, city, held in, where", """
        p  held in {v} ; in {v}
        v  was held in {v} ; was staged in {v}
        s  {v} was the setting ; The setting was {v}
        """, link="town"),
    attribute("host_town", named(lexicon.place), "location, town, place, city, held in, where", """
        p  held in {v} ; in {v}
        v  takes place in {v} ; is held in {v} ; can be visited in {v} ; happens in {v}
        s  The town of {v} hosts {o} ; {v} hosts {o}
        """, link="town"),
    attribute("date", amounts.date, "date, took place, day, held on, eventDate", """
        v@day  took place on {v} ; was held on {v} ; happened on {v}
        p@day  held on {v} ; of {v}
        v@month  took place in {v} ; was held in {v}
        p@month  held in {v} ; of {v}
        n  date
        s  The date was {v}
        """),
    attribute("month", amounts.month, "month, held in, takes place in, season", """
        v  takes place in {v} ; is held every {v} ; is held in {v} ; comes round in {v}
        p  held in {v} ; held every {v}
        n  month
        y  Come in {v} to see {o}
        """),
    attribute("weekday", amounts.weekday, "day, held on, weekday, meets on", """
        v  takes place on {v}s ; is held every {v} ; meets on {v}s
        p  held on {v}s ; held every {v}
        s  The day is {v}
        """),
    attribute("headliner", several(lexicon.full_name), "headliner, main act, guest, special guest, performers", """
        v  features {v} ; has {v} on the programme ; presents {v}
        p  featuring {v} ; with {v} on the programme
        s  {v} will be on stage
        """),
    attribute("attendance", count(60, 90000), "attendance, spectators, audience, visitors, turnout", """
        v  draws {v} people ; attracts {v} visitors ; has an attendance of {v}
        w  @ attendance of {v}
        p  with {v} spectators
        n  attendance
        """),
    attribute("days", count(2, 12), "days, duration in days, number of days, lengthInDays", """
        v  lasts {v} days ; goes on for {v} days ; runs over {v} days
        p  lasting {v} days ; with {v} days of events
        """),
    attribute("weeks", count(2, 40), "weeks, duration, length in weeks, course length", """
        v  lasts {v} weeks ; takes {v} weeks ; runs for {v} weeks
        p  lasting {v} weeks ; running for {v} weeks
        """),
    attribute("teacher", named(lexicon.full_name), "teacher, taught by, instructor, lecturer, tutor", """
        v  is taught by {v} ; is given by {v} ; is led by {v}
        p  taught by {v} ; given by {v} ; with {v} as teacher
        s  {v} teaches {o} ; The teacher is {v}
        n  teacher
        """),
    attribute("level", oneof("beginner, intermediate, advanced, introductory, evening, graduate, open"), "level, difficulty, grade", """
        a  {v} ; {v}-level
        v  is at the {v} level ; is offered at the {v} level
        p  at the {v} level
        n  level
        """),
    attribute("commander", named(lexicon.full_name), "commander, led by, general, commanded by", """
        v  was led by {v} ; saw {v} in command
        p  led by {v} ; with {v} in command
        s  {v} was in command ; The commander was {v}
        """),
    attribute("winner", named(lexicon.country), "winner, victor, result, won by", """
        v  was won by {v} ; ended with a victory for {v} ; was decided in favour of {v}
        p  won by {v}
        s  {v} won ; The winner was {v} ; {v} came out on top
        """),
    attribute("opponents", named(lambda rng: lexicon.country(rng) + " and " + lexicon.country(rng)), "combatants, between, opponents, sides, parties", """
        v  was fought between {v} ; brought together {v}
        p  between {v} ; fought between {v}
        """),
    attribute("result", amounts.score, "score, result, final score, finalScore", """
        v  ended {v} ; finished {v} ; had a final score of {v}
        p  with a final score of {v} ; that ended {v}
        n  final score
        """),
    attribute("subject", oneof("pottery, Italian, bookbinding, sailing, statistics, calligraphy, astronomy, weaving, chess, photography, first aid, philosophy, guitar, coding, carpentry, drawing"), "subject, topic, teaches, about, covers", """
        v  covers {v} ; is about {v} ; deals with {v} ; teaches {v}
        p  on {v} ; about {v} ; covering {v}
        n  subject
        s  The subject is {v}
        y  You can learn {v} there
        """),
)

THINGS: dict[str, Attribute] = {a.name: a for a in WORKS + MACHINES + NATURE + EVENTS}
