"""The invented domains: what kinds of thing there are, how they are called, and which fields they can have.

Comes in: nothing.    Goes out: DOMAINS, SERVICE_DOMAINS (places to visit), BY_NAME.
One line a domain:  name | flags | word for the kind when the table is silent | kinds | name maker | attributes
Flags: `visit` (a visitor is spoken to), `person`, `past` (over or dead: was, had). Restaurants and the like are left
out on purpose: that task has to stay a new domain for whatever is trained on this.
"""

# ruff: noqa: E501  (the domains are data: one a line)

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from scripts.corpus import lexicon
from scripts.corpus.attribute import Attribute
from scripts.corpus.attributes_groups import GROUP
from scripts.corpus.attributes_machines import MACHINE
from scripts.corpus.attributes_nature import NATURAL
from scripts.corpus.attributes_people import PEOPLE
from scripts.corpus.attributes_place import PLACE
from scripts.corpus.attributes_service import SERVICE
from scripts.corpus.attributes_works import WORK
from scripts.corpus.lexicon import pick, place, surname, word

ATTRIBUTES: dict[str, Attribute] = {**SERVICE, **PLACE, **PEOPLE, **GROUP, **WORK, **MACHINE, **NATURAL}
VISIT = "price price rating area near near family dogs access sunday parking wifi booking tours hours closed fee opened street town keeper origin"


def _after(*endings: str) -> Callable[[Random], str]:
    """Names made of a place or surname and one of the endings; half the time a landmark's or plain name instead."""

    def make(rng: Random) -> str:
        roll = rng.random()
        if roll < 0.45:
            return pick(rng, (place, surname, word))(rng) + " " + pick(rng, endings)
        return lexicon.landmark(rng) if roll < 0.85 else "The " + word(rng) + " " + pick(rng, endings)

    return make


def _framed(*frames: str) -> Callable[[Random], str]:
    return lambda rng: pick(rng, frames).format(word(rng) if rng.random() < 0.6 else place(rng))


def _ship(rng: Random) -> str:
    name = pick(rng, lexicon.MODIFIERS) + " " + pick(rng, lexicon.THINGS) if rng.random() < 0.4 else word(rng)
    return pick(rng, ("MV ", "SS ", "HMS ", "", "", "The ")) + name


def _band(rng: Random) -> str:
    thing = pick(rng, lexicon.THINGS)
    things = thing + ("es" if thing.endswith("s") else "s")
    return pick(rng, (f"The {pick(rng, lexicon.MODIFIERS)} {things}", word(rng), f"{word(rng)} and the {things}", f"{thing} Parade"))


NAMES: dict[str, Callable[[Random], str]] = {
    "place": place, "country": lexicon.country, "title": lexicon.title, "company": lexicon.company, "model": lexicon.model,
    "word": word, "landmark": lexicon.landmark, "ship": _ship, "band": _band, "person": lexicon.full_name,
    "light": _framed("{}", "{} Light", "{} Point", "{} Lighthouse", "The {} Light"),
    "bridge": _framed("{} Bridge", "{}", "The {} Crossing", "{} Viaduct"),
    "mountain": _framed("Mount {}", "{}", "{} Peak", "{} Fell", "Ben {}", "{}horn"),
    "river": _framed("River {}", "{}", "the {}", "{} Brook", "{} River"),
    "lake": _framed("Lake {}", "{} Water", "{}", "{} Reservoir", "Loch {}"),
    "island": _framed("{} Island", "Isle of {}", "{}", "{} Skerry"),
    "airport": _framed("{} Airport", "{} International Airport", "{} Field", "{} Air Base"),
    "station": _framed("{}", "{} Central", "{} Station", "{} Junction", "{} Parkway"),
    "planet": lambda rng: pick(rng, (word(rng), f"{rng.randint(20, 9000)} {word(rng)}", f"{word(rng)} {pick(rng, 'bcd')}", lexicon.code(rng))),
    "club": _framed("{} United", "{} Rovers", "{} FC", "{} Athletic", "{} Wolves", "{}", "{} Harriers"),
    "university": _framed("University of {}", "{} University", "{} College", "{} Institute of Technology", "{} School of Mines"),
    "battle": _framed("Battle of {}", "Siege of {}", "{} Campaign", "Battle of {} Bridge"),
    "plant": lambda rng: pick(rng, (lambda: pick(rng, lexicon.MODIFIERS).replace("'s", "") + " " + pick(rng, ("fern", "bell", "thistle", "violet", "sedge", "ivy", "orchid", "moss")), lambda: word(rng)))(),
    "hotel": _after("Hotel", "Guest House", "Lodge", "Residence"), "museum": _after("Museum", "Gallery", "Collection"),
    "library": _after("Library", "Reading Room", "Archive"), "school": _after("School", "Academy", "High School", "Grammar School"),
    "hall": _after("Hall", "House", "Tower", "Palace", "Castle"), "shop": _after("Stores", "Books", "Outfitters", "Emporium", "& Co."),
    "theatre": _after("Theatre", "Playhouse", "Opera"), "cinema": _after("Cinema", "Picture House", "Filmhouse"),
    "pool": _after("Baths", "Pool", "Lido"), "gym": _after("Gym", "Fitness", "Sports Hall"), "camp": _after("Camping", "Fields", "Campsite"),
    "garden": _after("Gardens", "Park", "Arboretum"), "festival": _after("Festival", "Days", "Fair", "Week"), "salon": _after("Salon", "Spa", "Barbers"),
    "mill": _after("Mill", "Clock", "Monument", "Column"), "course": lambda rng: pick(rng, ("Introduction to {}", "{} for All", "The {} Workshop", "{} Studies", "{} 101")).format(word(rng)),
    "software": lambda rng: pick(rng, (word(rng), word(rng).lower(), "Open" + word(rng), lexicon.pick(rng, lexicon.THINGS) + "Kit", "Lib" + word(rng))),
}

LINES = f"""
museum | visit | place | museum, maritime museum, art museum, science museum, open-air museum, toy museum, local history museum, gallery | museum | {VISIT} collection visitors founded
hotel | visit | place | hotel, guest house, hostel, lodge, bed and breakfast, boarding house, seaside hotel, boutique hotel | hotel | {VISIT} rooms built owner
shop | visit | place | bookshop, clothes shop, toy shop, antique shop, bicycle shop, record shop, florist, hardware shop, second-hand bookshop, department store, craft shop | shop | {VISIT} collection owner founder
library | visit | place | library, public library, reading room, archive, map library, lending library | library | {VISIT} collection built architect
theatre | visit | venue | theatre, opera house, playhouse, puppet theatre, concert hall, open-air theatre | theatre | {VISIT} capacity architect built
cinema | visit | venue | cinema, arthouse cinema, open-air cinema, multiplex, film house | cinema | {VISIT} capacity style owner
pool | visit | place | swimming pool, outdoor pool, leisure pool, lido, spa, bathhouse, thermal bath | pool | {VISIT} length depth temperature
gym | visit | place | gym, climbing hall, fitness studio, boxing gym, yoga studio, sports centre, dance studio | gym | {VISIT} surface owner founder
campsite | visit | place | campsite, caravan park, holiday village, glamping site, forest campsite | camp | {VISIT} surface capacity operator
garden | visit | place | botanical garden, park, rose garden, sculpture garden, arboretum, water garden, maze | garden | {VISIT} surface founded collection
zoo | visit | place | zoo, aquarium, wildlife park, bird sanctuary, petting zoo, butterfly house | garden | {VISIT} visitors founded surface
salon | visit | place | hair salon, beauty salon, barber shop, nail studio, massage studio | salon | {VISIT} founder
playground | visit | place | playground, skate park, indoor play centre, ice rink, bowling alley, amusement park, mini golf course | landmark | {VISIT} surface capacity
venue | visit | venue | concert venue, jazz club, nightclub, dance hall, conference centre, wedding venue, arts centre, community centre | landmark | {VISIT} capacity built genre_music
market | visit | place | flea market, craft market, book market, flower market, shopping centre, antiques fair | landmark | {VISIT} weekday surface
school_music | visit | school | language school, music school, driving school, dance school, sailing school, art school, riding school | school | {VISIT} subject founder students
workshop | visit | place | pottery, print workshop, bicycle workshop, repair workshop, glass studio, bindery | landmark | {VISIT} product founder founded
lighthouse | | building | lighthouse, lightship, beacon, light tower | light | built height operator country town material colour elevation inuse architect visitors opened code near
bridge | | structure | bridge, footbridge, suspension bridge, railway bridge, aqueduct, viaduct, swing bridge | bridge | built length width height crosses architect town country material maker opened heritage near
tower | | building | tower, skyscraper, office block, clock tower, water tower, television tower, apartment building, town hall | hall | built height floors architect town country owner style opened street heritage renovated near
castle | visit | building | castle, palace, manor house, fortress, abbey, cathedral, monastery, country house, chapel | hall | built style architect owner town region heritage renovated surface visitors fee tours sunday near patron
monument | | place | monument, memorial, statue, column, fountain, war memorial, obelisk | mill | built height material architect town country patron heritage opened near
mill | | building | windmill, watermill, paper mill, sawmill, observatory, brewery museum, power station, pumping station | mill | built height town owner operator renovated inuse power material near opened
airport | | place | airport, airfield, air base, heliport, international airport | airport | serves code runway elevation operator opened town country visitors
station | | place | railway station, metro station, bus station, tram stop, ferry terminal | station | opened town operator floors code visitors architect near access parking street wifi
stadium | | venue | stadium, arena, sports ground, velodrome, racecourse | hall | opened capacity town owner operator architect surface cost near parking
ship | | vessel | ship, ferry, cargo ship, cruise ship, sailing ship, tugboat, icebreaker, research vessel, submarine, trawler | ship | launched maker length width speed crew captain homeport owner operator engine made_in cost inuse colour
train | | train | express train, night train, locomotive, tram, high-speed train, railcar, steam locomotive | model | maker introduced speed places line operator power engine length weight gauge colour inuse
aircraft | | aircraft | aircraft, glider, helicopter, airship, jet, biplane, seaplane, airliner, drone | model | maker introduced length width speed range engine places crew made_in weight power cost inuse
car | | vehicle | car, motorcycle, van, tractor, bicycle, lorry, scooter, sports car, electric car | model | maker introduced speed engine power weight range cost colour length range_class places
phone | | device | phone, smartphone, tablet, smartwatch, e-reader | model | maker introduced screen memory storage battery weight cost colour range_class waterproof wireless rating
laptop | | device | laptop, notebook, desktop computer, workstation, netbook | model | maker introduced screen memory storage battery weight cost range_class wireless platform colour rating
gadget | | product | television, camera, vacuum cleaner, printer, pair of headphones, radio, telescope, drone, typewriter, sewing machine, loudspeaker | model | maker introduced weight cost colour range_class rating waterproof wireless battery price power
furniture | | product | chair, sofa, desk, lamp, tent, rucksack, jacket, watch, raincoat, umbrella, suitcase | model | maker material colour weight cost range_class rating waterproof introduced width height price
clock | | clock | clock, grandfather clock, pocket watch, wristwatch, wall clock, astronomical clock | model | maker built material height weight cost colour made_in inventor inuse
software | | program | text editor, web browser, database, video game, game engine, map app, compiler, chess program, photo app | software | maker released written_in platform licence version cost language rating genre sold
mountain | | place | mountain, peak, volcano, hill, extinct volcano | mountain | height elevation range_hills country region ascent near temperature patron
river | | river | river, stream, canal, tributary | river | length mouth source country region width depth crosses
lake | | place | lake, reservoir, lagoon, mountain lake, crater lake | lake | surface depth elevation country region length temperature near
island | | place | island, atoll, peninsula, archipelago, nature reserve, national park | island | surface population country region elevation length temperature rain near
town | | place | town, village, city, port, market town, spa town, fishing village | place | population country region mayor elevation surface density founded postcode rain
country | | country | country, republic, kingdom, island state, principality | country | capital population currency spoken surface mayor density demonym founded
planet | | object | planet, asteroid, moon, dwarf planet, exoplanet, comet | planet | diameter orbit star moons temperature inventor weight
plant | | plant | plant, tree, shrub, flower, climber, herb, orchid, grass | plant | latin family_bio native flowers colour soil height lifespan
animal | | animal | bird, frog, beetle, deer, lizard, owl, bat, butterfly, dog breed, horse breed, cat breed | word | latin family_bio native body_length body_weight lifespan colour breeder
dog | | animal | dog, terrier, sheepdog, retriever, hound, spaniel, poodle | word | breeder colour body_weight lifespan body_length native
film | | work | film, short film, documentary, silent film, animated film, television series | title | director starring released runtime language genre made_in composer publisher cost rating
novel | | work | novel, book, novella, collection of poems, biography, play, textbook, comic book | title | author publisher released pages language genre made_in sold rating
album | | work | album, song, single, live album, EP, soundtrack | title | genre_music released runtime tracks label publisher language sold composer
painting | | work | painting, drawing, sculpture, print, portrait, landscape | title | artist medium height width held released
magazine | | publication | magazine, newspaper, journal, weekly, radio programme, podcast | title | publisher founded language keeper headquarters sold pages made_in subject weekday
band | | group | band, choir, orchestra, string quartet, folk group, duo, brass band | band | genre_music founded label town founder made_in debut chief
footballer | person | person | footballer, hockey player, rugby player, basketball player, cricketer, baseball player, handball player | person | team position number goals born birthplace tall nationality debut titles
athlete | person | person | swimmer, runner, cyclist, gymnast, rower, skier, high jumper, fencer, tennis player, chess player, boxer, judoka | person | nationality born birthplace tall medals coach debut residence award
musician | person | person | musician, singer, pianist, guitarist, drummer, rapper, conductor, singer-songwriter, cellist | person | instrument genre_music label born birthplace nationality debut award studied work
astronaut | person | person | astronaut, cosmonaut, test pilot, engineer, pilot | person | born birthplace nationality mission space_time selected studied award
painter | person past | person | painter, sculptor, architect, poet, engraver, potter, composer, playwright, photographer | person | born birthplace died deathplace nationality studied work award spouse debut
politician | person | person | politician, diplomat, lawyer, judge, civil servant | person | party office born birthplace nationality studied spouse term residence
scientist | person | person | scientist, biologist, mathematician, historian, inventor, surgeon, economist, geologist, physicist | person | field employer born birthplace nationality studied award work residence
explorer | person past | person | explorer, admiral, general, navigator, botanist, nurse, missionary, philosopher | person | born birthplace died deathplace nationality award spouse work
actor | person | person | actor, actress, dancer, film director, comedian, television presenter, writer, journalist, magician | person | born birthplace nationality debut work award studied residence spouse
team | | team | football club, hockey team, rugby club, basketball team, rowing club, cycling team, chess club | club | founded coach league ground colours titles nickname town made_in capacity chief
company | | company | company, shipyard, publisher, airline, bank, start-up, insurance company, record label, toy maker, engineering firm | company | founded founder headquarters sector employees revenue chief product made_in nickname
university | | institution | university, college, technical university, academy, art school, research institute | university | founded students chief town country motto nickname colours employees
school | | school | school, primary school, secondary school, boarding school, grammar school, nursery | school | founded students chief town motto street employees rating near
hospital | | institution | hospital, clinic, dental practice, veterinary clinic, fire station, court, post office | hall | opened town rooms employees chief street near access parking rating
charity | | organisation | charity, trade union, foundation, society, political party, orchestra society, sailing club | company | founded founder headquarters chief employees revenue made_in motto
festival | visit | event | festival, music festival, film festival, street festival, book fair, carnival, science fair, kite festival | festival | month host_town days headliner attendance founded fee near area price rating family dogs access wifi
course | visit | course | course, workshop, evening class, summer school, seminar, lecture series, training course | course | subject teacher level weeks weekday fee language host_town price rating booking near
match | past | event | final, friendly match, cup match, chess match, tennis final | festival | date result attendance venue_town
battle | past | event | battle, siege, naval battle, uprising, campaign | battle | date opponents winner commander country
invention | | invention | invention, machine, tool, instrument, device, engine | model | inventor introduced maker weight power material made_in cost inuse
station_weather | | place | weather station, research station, observatory, lighthouse station, measuring station | station | elevation temperature rain wind code operator opened country near
road | | road | road, motorway, hiking trail, cycle path, railway line, mountain pass, coastal path | bridge | length opened line operator country region elevation crosses width
"""


@dataclass(frozen=True)
class Domain:
    """One kind of thing a table can be about."""

    name: str
    visit: bool
    person: bool
    past: bool
    generic: str
    kinds: tuple[str, ...]
    make_name: Callable[[Random], str]
    attributes: tuple[Attribute, ...]


def _parse(line: str) -> Domain:
    name, flags, generic, kinds, maker, attributes = (part.strip() for part in line.split("|"))
    found = tuple(ATTRIBUTES[a] for a in attributes.split())
    return Domain(
        name, "visit" in flags, "person" in flags, "past" in flags, generic, tuple(k.strip() for k in kinds.split(",")), NAMES[maker], found
    )


DOMAINS = tuple(_parse(line) for line in LINES.strip().splitlines())
SERVICE_DOMAINS = tuple(d for d in DOMAINS if ATTRIBUTES["price"] in d.attributes and d.visit)
BY_NAME = {d.name: d for d in DOMAINS}
