"""Attributes of places and built things: where they stand, when and by whom they were made, how big they are.

Comes in: nothing.    Goes out: PLACE, attributes by name.
"""

# ruff: noqa: E501  (the phrase blocks are data: one role a line)

from scripts.corpus import amounts, lexicon
from scripts.corpus.amounts import count, measure, named, oneof, several
from scripts.corpus.attribute import Attribute, attribute

LOCATION = (
    attribute(
        "town", named(lexicon.spot), "town, city, location, place, located in, municipality, isLocatedIn, settlement",
        """
        l  in {v} ; in {v} ; in the town of {v}
        p  located in {v} ; situated in {v} ; based in {v} ; found in {v}
        v  can be found in {v} ; is located in {v} ; is in {v} ; is situated in {v} ; lies in {v}
        s  {v} is home to {o} ; {v} is where {s} is located ; The town of {v} is home to {o}
        y  You can find {o} in {v} ; Travel to {v} to see {o}
        """,
        link="town",
    ),
    attribute(
        "country", named(lexicon.country), "country, nation, locationCountry, state, homeland",
        """
        l  in {v}
        p  located in {v} ; found in {v} ; situated in {v}
        v  is in {v} ; is located in {v} ; belongs to {v} ; can be found in {v} ; lies in {v}
        n  country
        s  The country is {v} ; The country {s} belongs to is {v}
        """,
        link="country",
    ),
    attribute(
        "region", named(lexicon.country), "region, province, district, county, isPartOf, part of, administrative region",
        """
        l  in the region of {v} ; in the province of {v} ; in {v}
        v  is part of {v} ; belongs to the region of {v} ; is in the {v} region ; forms part of {v}
        p  located in the {v} region
        """,
    ),
    attribute(
        "street", named(lambda rng: f"{rng.randint(1, 240)} {lexicon.surname(rng)} {lexicon.pick(rng, ('Street', 'Road', 'Lane', 'Avenue', 'Square', 'Row', 'Quay'))}"),
        "address, street address, streetAddress, street",
        """
        l  at {v}
        p  located at {v} ; situated at {v}
        v  is located at {v} ; has its address at {v} ; stands at {v} ; can be found at {v}
        n  address
        y  You will find {o} at {v} ; Come to {v} to find {o}
        """,
    ),
    attribute(
        "crosses", named(lambda rng: lexicon.pick(rng, ("River {}", "the {}", "Lake {}", "the {} Canal", "the River {}")).format(lexicon.word(rng))),
        "crosses, spans, over, river crossed, carriesOver",
        """
        v  crosses {v} ; spans {v} ; carries traffic across {v} ; leads over {v}
        p  crossing {v} ; spanning {v} ; over {v} ; across {v}
        s  {v} is crossed by {s} ; {v} flows beneath {o}
        """,
    ),
    attribute(
        "elevation", measure(2, 4800, "metres|m|feet", 1), "elevation, altitude, height above sea level, elevationAboveSeaLevel",
        """
        v  lies {v} above sea level ; is {v} above sea level ; sits at an altitude of {v} ; is at an elevation of {v}
        p  lying {v} above sea level ; at an elevation of {v} ; located {v} above sea level
        n  elevation ; altitude ; elevation above sea level
        w  @ elevation of {v}
        """,
    ),
)

HISTORY = (
    attribute(
        "built", amounts.year, "built, built, builtIn, year built, built_in, build year, constructed, construction year, completed, yearOfConstruction",
        """
        v  was built in {v} ; dates from {v} ; goes back to {v} ; was put up in {v} ; was completed in {v} ; was constructed in {v} ; dates back to {v}
        p  built in {v} ; dating from {v} ; completed in {v} ; constructed in {v} ; dating back to {v} ; put up in {v}
        n  year of construction ; construction date
        s  Work on {o} was finished in {v} ; {v} saw {o} completed ; Construction was completed in {v} ; It was in {v} that {s} was built
        """,
    ),
    attribute(
        "opened", amounts.year, "opened, opening year, openedIn, opening, inaugurated, opening_date, year opened",
        """
        v  opened in {v} ; was opened in {v} ; first opened in {v} ; has been open since {v} ; was inaugurated in {v} ; opened its doors in {v}
        p  opened in {v} ; open since {v} ; inaugurated in {v} ; first opened in {v}
        n  opening year
        s  The opening took place in {v} ; The opening was in {v} ; The inauguration of {o} was held in {v}
        """,
    ),
    attribute(
        "founded", amounts.year, "founded, foundation, founding year, established, foundedIn, foundingDate, year of foundation, formation, since",
        """
        v  was founded in {v} ; was established in {v} ; has existed since {v} ; goes back to {v} ; was set up in {v} ; came into being in {v}
        p  founded in {v} ; established in {v} ; set up in {v} ; in existence since {v}
        n  founding year ; year of foundation
        s  {v} was the year {s} was founded ; The foundation goes back to {v}
        """,
    ),
    attribute(
        "renovated", amounts.recent, "renovated, restored, renovation, last restored, refurbished, rebuilt",
        """
        v  was renovated in {v} ; was restored in {v} ; underwent restoration in {v} ; was last refurbished in {v}
        p  renovated in {v} ; restored in {v} ; refurbished in {v}
        s  Restoration work was done in {v} ; Renovation followed in {v} ; {S} had a full renovation in {v}
        """,
    ),
    attribute(
        "architect", several(lexicon.full_name), "architect, designed by, designer, architects, designedBy",
        """
        v  was designed by {v} ; was the work of {v} ; is the work of {v} ; was planned by {v}
        p  designed by {v} ; planned by {v} ; drawn up by {v}
        s  {v} designed {o} ; The design came from {v} ; {v} drew up the plans for {o} ; The plans were drawn by {v}
        n  architect
        """,
        link="architect",
    ),
    attribute(
        "owner", named(lexicon.company), "owner, owned by, ownedBy, proprietor, property of, owningCompany",
        """
        v  is owned by {v} ; belongs to {v} ; is the property of {v} ; is in the hands of {v}
        p  owned by {v} ; belonging to {v}
        s  {v} owns {o} ; {v} is the owner of {o} ; The owner is {v} ; Ownership lies with {v}
        n  owner
        """,
        link="company",
    ),
    attribute(
        "operator", named(lexicon.company), "operator, operated by, run by, operatedBy, operating organisation, managed by, operatingOrganisation",
        """
        v  is operated by {v} ; is run by {v} ; is managed by {v}
        p  operated by {v} ; run by {v} ; managed by {v}
        s  {v} operates {o} ; {v} runs {o} ; The operator is {v} ; {v} is responsible for running {o}
        n  operator ; operating organisation
        """,
        link="company",
    ),
    attribute(
        "style", oneof("Baroque, Gothic, Art Nouveau, Neoclassical, Romanesque, modernist, brutalist, Tudor, Victorian, Georgian, Art Deco, Moorish, Renaissance, half-timbered, Palladian"),
        "style, architectural style, architecturalStyle, architecture",
        """
        a  {v} ; {v}-style
        v  was built in the {v} style ; is in the {v} style ; is an example of {v} architecture ; is {v} in style
        p  in the {v} style ; built in the {v} style ; of {v} design
        n  architectural style ; style
        s  The architecture is {v} ; The style is {v}
        """,
    ),
    attribute(
        "material", oneof("brick, granite, steel, sandstone, oak, concrete, cast iron, limestone, marble, glass, slate, copper, timber, basalt, aluminium, bronze, porcelain, leather, walnut"),
        "material, made of, building material, constructed of, buildingMaterial",
        """
        e  {v}
        v  is made of {v} ; consists of {v} ; was made from {v}
        p  made of {v} ; made from {v}
        n  material
        s  The material is {v} ; {v} was used to make {o} ; The material used was {v}
        """,
    ),
    attribute(
        "heritage", oneof("Grade II listed, national monument, Category A listed, world heritage site, protected landmark, registered historic place"),
        "heritage status, listing, protection, heritageDesignation, status",
        """
        v  has the status {v} ; holds the heritage status {v} ; is registered as {v}
        p  with the status {v} ; registered as {v}
        n  heritage status ; status
        """,
    ),
)

SIZE = (
    attribute(
        "height", measure(3, 420, "metres|m|feet", 1), "height, height, tall, total height, tower height",
        """
        v  is {v} tall ; stands {v} tall ; rises to {v} ; reaches a height of {v} ; is {v} high ; measures {v} in height
        w  @ height of {v}
        p  standing {v} tall ; rising to {v} ; that stands {v} tall
        n  height
        s  The height is {v} ; The top is at {v}
        """,
    ),
    attribute(
        "length", measure(4, 2600, "metres|m|feet|km", 1), "length, total length, long, overall length",
        """
        v  is {v} long ; has a length of {v} ; measures {v} in length ; stretches for {v} ; extends over {v}
        w  @ length of {v} ; @ total length of {v}
        p  measuring {v} in length ; stretching for {v} ; that is {v} long
        n  length
        s  The length is {v}
        """,
    ),
    attribute(
        "width", measure(2, 90, "metres|m|feet", 1), "width, beam, wide, breadth",
        """
        v  is {v} wide ; measures {v} across ; has a width of {v}
        w  @ width of {v}
        p  measuring {v} across ; that is {v} wide
        n  width
        """,
    ),
    attribute(
        "surface", measure(1, 6000, "hectares|square metres|acres|km²", 1), "area, surface, size, total area, surfaceArea, grounds",
        """
        v  covers {v} ; extends over {v} ; takes up {v} ; has an area of {v}
        w  @ area of {v} ; @ total area of {v}
        p  covering {v} ; extending over {v}
        n  total area ; area
        """,
    ),
    attribute(
        "floors", count(2, 60), "floors, storeys, floorCount, floor count, number of floors, levels",
        """
        v  has {v} floors ; has {v} storeys ; rises over {v} floors ; is {v} storeys high
        p  with {v} floors ; with {v} storeys ; spread over {v} floors
        s  There are {v} floors ; {S} has {v} floors in all
        """,
    ),
    attribute(
        "capacity", count(20, 60000), "capacity, seats, seating capacity, seatingCapacity, max visitors, places",
        """
        v  holds {v} people ; has room for {v} people ; can hold {v} people ; has a capacity of {v} ; takes up to {v} visitors
        p  with a capacity of {v} ; with room for {v} people ; holding {v} people
        n  capacity
        s  There is room for {v} people ; The capacity is {v}
        """,
    ),
    attribute(
        "rooms", count(2, 180), "rooms, number of rooms, bedrooms, roomCount, num_rooms",
        """
        v  has {v} rooms ; offers {v} rooms ; contains {v} rooms
        p  with {v} rooms ; offering {v} rooms
        s  There are {v} rooms ; The number of rooms is {v}
        """,
    ),
    attribute(
        "visitors", count(900, 900000), "visitors, annual visitors, visitors per year, visitorNumbers, yearly visitors",
        """
        v  welcomes {v} visitors a year ; has {v} visitors a year ; draws {v} people every year ; is visited by {v} people each year
        p  visited by {v} people a year ; drawing {v} visitors a year ; with {v} visitors each year
        s  {v} people visit {o} every year ; Every year {v} people come to see {o} ; {v} visitors come each year
        """,
    ),
    attribute(
        "collection", oneof("maps, clocks, ship models, fossils, modern paintings, glassware, old toys, musical instruments, steam engines, butterflies, coins, rare books, costumes, textiles, photographs, radios, sculptures, masks, meteorites, posters"),
        "collection, exhibits, on show, shows, known for its, main attraction, speciality",
        """
        v  shows {v} ; is known for its {v} ; displays {v} ; has a collection of {v} ; specialises in {v} ; houses a collection of {v}
        p  with a collection of {v} ; known for its {v} ; showing {v} ; specialising in {v}
        s  The collection is made up of {v} ; On show are {v} ; Most people come to see {v}
        y  You can see {v} there ; Go there if you like {v}
        """,
    ),
    attribute(
        "keeper", named(lexicon.full_name), "director, manager, warden, head, keeper, run by, curator, headedBy, leader",
        """
        v  is run by {v} ; is headed by {v} ; is led by {v} ; is in the care of {v}
        p  run by {v} ; headed by {v} ; led by {v}
        s  {v} runs {o} ; {v} is in charge of {o} ; {v} looks after {o} ; The person in charge is {v}
        """,
        link="leader",
    ),
    attribute(
        "patron", named(lexicon.full_name), "named after, dedicated to, dedicatedTo, namedAfter, in honour of",
        """
        v  is named after {v} ; takes its name from {v} ; was named in honour of {v} ; honours {v}
        p  named after {v} ; named in honour of {v}
        s  The name honours {v} ; The name of {v} lives on in {o}
        """,
    ),
    attribute(
        "origin", oneof("Italian, French, Japanese, Chinese, English, Indian, Spanish, Greek, Norwegian, Turkish, Mexican, Brazilian, Moroccan, Danish, Russian, Korean, Scottish, Persian, Thai, Irish, Polish, Dutch"),
        "theme, tradition, specialises in, speciality, style, origin, focus",
        """
        e  {v}
        v  is {v} in style ; has @ {v} theme ; follows the {v} tradition ; specialises in things {v}
        p  in the {v} style ; with @ {v} theme ; in the {v} tradition
        s  The theme is {v} ; Everything at {n} is in the {v} style
        """,
    ),
)

PLACE: dict[str, Attribute] = {a.name: a for a in LOCATION + HISTORY + SIZE}
