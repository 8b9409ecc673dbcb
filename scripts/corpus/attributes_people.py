"""Attributes of people.

Comes in: nothing.    Goes out: PEOPLE, attributes by name.
Verbs of LIFE are in the past tense or fit a living and a dead person alike; `past` domains use only those.
"""

# ruff: noqa: E501  (the phrase blocks are data: one role a line)

from scripts.corpus import amounts, lexicon
from scripts.corpus.amounts import count, measure, named, oneof
from scripts.corpus.attribute import Attribute, attribute

NATIONS = "Norwegian, Italian, Brazilian, Kenyan, Japanese, Scottish, Dutch, Polish, Indian, Mexican, Turkish, Swedish, Irish, Chilean, Greek, Danish, Canadian, Portuguese, Welsh, Korean, Egyptian, Finnish, German, French, American, Australian, British, Spanish, Austrian"

LIFE = (
    attribute(
        "born", amounts.date, "born, birthDate, date of birth, birth date, birth_date, dateOfBirth, birthday",
        """
        v@day  was born on {v}
        p@day  born on {v}
        s@day  {v} is the date {s} was born
        v@month  was born in {v}
        p@month  born in {v}
        n  date of birth ; birth date
        """,
    ),
    attribute(
        "birthplace", named(lexicon.spot), "birthPlace, birthplace, place of birth, born in, birth_place, hometown",
        """
        v  was born in {v}
        p  born in {v} ; from {v}
        n  birthplace ; place of birth
        s  {v} is where {s} was born ; {v} was the birthplace of {o}
        """,
        link="town",
    ),
    attribute(
        "died", amounts.date, "died, deathDate, date of death, death_date",
        """
        v@day  died on {v} ; passed away on {v}
        v@month  died in {v} ; passed away in {v}
        n  date of death
        """,
    ),
    attribute(
        "deathplace", named(lexicon.spot), "deathPlace, place of death, died in, death_place",
        """
        v  died in {v} ; spent the last years in {v} and died there
        n  place of death
        """,
        link="town",
    ),
    attribute(
        "nationality", oneof(NATIONS), "nationality, citizenship, nation, country of citizenship",
        """
        a  {v}
        n  nationality
        """,
    ),
    attribute(
        "studied", named(lambda rng: lexicon.pick(rng, ("{} University", "University of {}", "{} College", "the {} Academy", "{} School of Arts")).format(lexicon.place(rng))),
        "almaMater, alma mater, education, studied at, graduated from, alma_mater",
        """
        v  studied at {v} ; graduated from {v} ; was educated at {v} ; attended {v}
        p  educated at {v} ; trained at {v}
        s  {v} is where {s} studied
        n  alma mater
        """,
        link="university",
    ),
    attribute(
        "spouse", named(lexicon.full_name), "spouse, married to, partner, husband or wife",
        """
        v  married {v}
        p  married to {v}
        n  spouse
        """,
    ),
    attribute(
        "award", named(lambda rng: lexicon.pick(rng, ("the {} Medal", "the {} Prize", "the Order of {}", "the {} Award", "the {} Cup")).format(lexicon.surname(rng))),
        "award, awards, prize, honours, awarded, honour",
        """
        v  won {v} ; was awarded {v} ; received {v} ; was honoured with {v}
        p  awarded {v} ; honoured with {v}
        s  {v} was given to {o} ; {v} went to {o}
        """,
    ),
    attribute(
        "work", named(lexicon.title), "known for, notable work, knownFor, best known work, famous for, notableWork",
        """
        v  was known for {v} ; became known for {v} ; made a name with {v} ; created {v}
        p  known for {v} ; best known for {v} ; famous for {v}
        s  The best known work is {v} ; {v} is {p} best known work
        n  best known work
        """,
    ),
    attribute(
        "debut", amounts.recent, "debut, debut year, first appearance, activeSince, active since, career start",
        """
        v  made a debut in {v} ; first appeared in {v} ; began a career in {v} ; started out in {v}
        p  active since {v}
        n  debut year
        s  The debut came in {v} ; {v} was the year of the debut
        """,
    ),
)

CAREER = (
    attribute(
        "team", named(lambda rng: lexicon.place(rng) + lexicon.pick(rng, (" United", " Rovers", " City", " Athletic", " FC", " Wanderers", " Falcons", " Wolves", ""))),
        "team, club, plays for, currentClub, current team, current_club",
        """
        v  plays for {v} ; is a member of {v} ; is with {v} ; appears for {v}
        p  playing for {v} ; signed with {v} ; of {v}
        n  club ; team ; current team
        s  {v} has {o} in its team ; The club {s} plays for is {v}
        """,
        link="club",
    ),
    attribute(
        "position", oneof("goalkeeper, striker, left winger, midfielder, full-back, centre-back, prop, pitcher, point guard, hooker, sweeper, libero, defender, forward"),
        "position, role, plays as, playingPosition, field position",
        """
        v  plays as @ {v} ; plays in the position of {v} ; is used as @ {v} ; lines up as @ {v}
        p  playing as @ {v}
        n  position ; playing position
        s  The position is {v}
        """,
    ),
    attribute(
        "number", count(2, 99), "number, shirt number, jersey, squad number, shirtNumber",
        """
        v  wears number {v} ; wears the number {v} shirt ; has the number {v} on the shirt
        p  wearing number {v} ; with the number {v} shirt
        n  shirt number
        """,
    ),
    attribute(
        "goals", count(2, 400), "goals, goals scored, career goals, total goals",
        """
        v  has scored {v} goals ; has {v} goals to date ; has {v} career goals
        p  with {v} goals ; with {v} career goals
        s  {v} goals stand to {p} name
        """,
    ),
    attribute(
        "medals", count(1, 12), "medals, olympic medals, medals won, medalCount",
        """
        v  has won {v} medals ; has taken {v} medals ; holds {v} medals
        p  with {v} medals
        v@one  has won {v} medal ; holds {v} medal
        p@one  with {v} medal
        """,
    ),
    attribute(
        "tall", measure(150, 212, "cm|centimetres"), "height, height (cm), body height",
        """
        v  is {v} tall ; stands {v} tall ; measures {v}
        n  height
        """,
    ),
    attribute(
        "employer", named(lexicon.company), "employer, works for, company, affiliation, worksFor",
        """
        v  works for {v} ; is employed by {v} ; works at {v}
        p  working for {v} ; employed by {v}
        s  {v} employs {o}
        n  employer
        """,
        link="company",
    ),
    attribute(
        "residence", named(lexicon.spot), "residence, lives in, home, residesIn",
        """
        v  lives in {v} ; resides in {v} ; is at home in {v}
        p  living in {v} ; based in {v}
        n  residence
        """,
        link="town",
    ),
    attribute(
        "instrument", oneof("violin, trumpet, double bass, accordion, drums, piano, harp, cello, oboe, banjo, saxophone, church organ, mandolin, vibraphone"),
        "instrument, plays, main instrument, instruments",
        """
        v  plays the {v} ; is a master of the {v} ; performs on the {v}
        p  playing the {v}
        n  instrument ; main instrument
        s  The instrument is the {v}
        """,
    ),
    attribute(
        "label", named(lexicon.company), "label, record label, recordLabel, signed to",
        """
        v  is signed to {v} ; records for {v} ; releases music on {v} ; is with the label {v}
        p  signed to {v} ; recording for {v} ; released on {v}
        n  record label ; label
        """,
    ),
    attribute(
        "genre_music", oneof("jazz, folk, electronic, baroque pop, blues, chamber, hip hop, synth-pop, ska, bluegrass, choral, reggae, punk, ambient, techno, swing"),
        "genre, music genre, musical style, musicGenre, plays",
        """
        v  plays {v} music ; performs {v} ; is known for {v} music ; works in the {v} genre
        p  playing {v} ; performing {v} music ; in the {v} genre
        e  {v}
        n  genre ; musical genre
        """,
    ),
    attribute(
        "party", named(lambda rng: lexicon.pick(rng, ("{} Party", "{} Union", "{} Alliance", "{} League", "{} Movement")).format(lexicon.pick(rng, ("Reform", "Green", "Liberal", "People's", "National", "Harbour", "Farmers'", "Civic", "Progress")))),
        "party, political party, politicalParty, member of",
        """
        v  belongs to the {v} ; is a member of the {v} ; represents the {v} ; stands for the {v}
        p  of the {v} ; representing the {v} ; from the {v}
        n  party ; political party
        """,
    ),
    attribute(
        "office", named(lambda rng: lexicon.pick(rng, ("mayor of {}", "minister for {}", "governor of {}", "senator for {}", "ambassador to {}", "chancellor of {}")).format(lexicon.place(rng))),
        "office, position, post, holds office, role",
        """
        v  is {v} ; serves as {v} ; holds the office of {v} ; was elected {v}
        p  serving as {v}
        n  office ; post
        """,
    ),
    attribute(
        "term", amounts.span, "term, in office, term of office, years in office, yearsActive, active years",
        """
        v  was in office {v} ; served {v}
        p  in office {v}
        n  term of office ; term
        """,
    ),
    attribute(
        "mission", named(lambda rng: lexicon.pick(rng, lexicon.THINGS) + f" {rng.randint(2, 40)}"), "mission, was a crew member of, flight, space mission, crewMemberOf",
        """
        v  flew on {v} ; was a crew member of {v} ; was part of the {v} crew ; took part in the {v} mission
        p  who flew on {v}
        s  {v} had {o} on board ; The crew of {v} included {o}
        """,
    ),
    attribute(
        "space_time", measure(90, 40000, "minutes|hours"), "time in space, timeInSpace, hours in space, total time in space",
        """
        v  spent {v} in space ; has logged {v} in space ; was in space for {v}
        p  with {v} in space
        n  time in space ; total time in space
        """,
    ),
    attribute(
        "selected", amounts.recent, "selected, selected by, year selected, chosen, selectedIn",
        """
        v  was selected in {v} ; was chosen for the corps in {v} ; joined in {v}
        p  selected in {v} ; chosen in {v}
        """,
    ),
    attribute(
        "field", oneof("geology, number theory, marine biology, linguistics, optics, botany, astronomy, medicine, economics, metallurgy, acoustics, archaeology, climatology, cartography"),
        "field, field of work, subject, discipline, research field",
        """
        v  works in {v} ; does research in {v} ; is an expert in {v} ; specialises in {v}
        p  working in {v} ; specialising in {v} ; in the field of {v}
        n  field ; field of work
        """,
    ),
)

PEOPLE: dict[str, Attribute] = {a.name: a for a in LIFE + CAREER}
