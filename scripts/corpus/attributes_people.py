"""Attributes of people, teams, firms and schools.

Comes in: nothing.    Goes out: PEOPLE, attributes by name.
Verbs of LIFE are in the past tense or fit a living and a dead person alike; `past` domains use only those.
"""

from scripts.corpus import amounts, lexicon
from scripts.corpus.amounts import count, measure, named, oneof, several
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
        "birthplace", named(lexicon.place), "birthPlace, birthplace, place of birth, born in, birth_place, hometown",
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
        "deathplace", named(lexicon.place), "deathPlace, place of death, died in, death_place",
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
        v  plays as a {v} ; plays in the position of {v} ; is used as a {v} ; lines up as a {v}
        p  playing as a {v}
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
        "residence", named(lexicon.place), "residence, lives in, home, residesIn",
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
        a  {v}
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

GROUPS = (
    attribute(
        "coach", named(lexicon.full_name), "coach, head coach, manager, trainer, headCoach",
        """
        v  is coached by {v} ; is trained by {v} ; has {v} as head coach
        p  coached by {v} ; trained by {v} ; under head coach {v}
        n  head coach ; coach
        s  {v} coaches {o} ; {v} is in charge of training
        """,
        link="coach",
    ),
    attribute(
        "league", named(lambda rng: lexicon.pick(rng, ("{} League", "{} Division One", "{} Premier League", "{} Cup", "Serie {}", "{} Championship")).format(lexicon.word(rng))),
        "league, competition, plays in, division",
        """
        v  plays in the {v} ; competes in the {v} ; takes part in the {v}
        p  playing in the {v} ; competing in the {v}
        n  league
        """,
    ),
    attribute(
        "ground", named(lambda rng: lexicon.word(rng) + lexicon.pick(rng, (" Stadium", " Park", " Arena", " Field", " Ground", " Road"))),
        "ground, stadium, home ground, homeGround, arena",
        """
        v  plays at {v} ; plays its home games at {v} ; has its home ground at {v}
        p  based at {v} ; playing at {v}
        n  home ground ; stadium
        s  {v} is the home of {o} ; Home games are played at {v}
        """,
    ),
    attribute(
        "colours", oneof("red and white, blue, black and gold, green and white, sky blue, maroon, orange, purple and silver, yellow and black, claret"),
        "colours, kit, club colours, team colours, colour",
        """
        v  plays in {v} ; wears {v} ; turns out in {v}
        p  playing in {v} ; in {v}
        s  The colours are {v} ; The kit is {v}
        """,
    ),
    attribute(
        "titles", count(1, 30), "titles, championships, league titles, titles won",
        """
        v  has won {v} titles ; holds {v} titles ; has taken the title {v} times
        p  with {v} titles
        v@one  has won {v} title ; holds {v} title
        p@one  with {v} title
        """,
    ),
    attribute(
        "founder", several(lexicon.full_name), "founder, founded by, founders, foundedBy, established by",
        """
        v  was founded by {v} ; was set up by {v} ; was started by {v} ; was established by {v}
        p  founded by {v} ; started by {v} ; set up by {v}
        s  {v} founded {o} ; {v} set {o} up ; It was {v} who founded {o}
        """,
    ),
    attribute(
        "employees", count(8, 90000), "employees, staff, number of employees, numberOfEmployees, workforce, staff size",
        """
        v  employs {v} people ; has {v} employees ; has a staff of {v} ; gives work to {v} people
        p  with {v} employees ; employing {v} people ; with a staff of {v}
        s  {v} people work for {o} ; There are {v} people on the staff
        """,
    ),
    attribute(
        "headquarters", named(lexicon.place), "headquarters, head office, based in, hq, location",
        """
        v  is based in {v} ; has its headquarters in {v} ; is headquartered in {v} ; has its head office in {v}
        p  based in {v} ; headquartered in {v} ; with headquarters in {v}
        n  head office
        s  {v} is home to the head office ; The headquarters are in {v}
        """,
        link="town",
    ),
    attribute(
        "sector", oneof("shipping, software, publishing, forestry, insurance, solar power, furniture, watchmaking, robotics, textiles, rail transport, glassmaking, aviation, printing, mining"),
        "sector, industry, business, field, branch",
        """
        v  works in {v} ; is active in {v} ; does business in {v} ; operates in the field of {v}
        p  working in {v} ; active in {v} ; in the field of {v}
        n  sector ; industry
        """,
    ),
    attribute(
        "revenue", measure(2, 900, "million euros|million dollars|billion crowns|million pounds", 1), "revenue, turnover, annual revenue, sales",
        """
        v  has a revenue of {v} ; turns over {v} a year ; makes {v} a year
        w  @ revenue of {v} ; @ turnover of {v}
        n  revenue ; annual turnover
        """,
    ),
    attribute(
        "chief", named(lexicon.full_name), "chief executive, director, president, chair, ceo, chairman, leaderName, leader, rector, head",
        """
        v  is led by {v} ; is headed by {v} ; has {v} at its head
        p  led by {v} ; headed by {v} ; under {v}
        s  {v} leads {o} ; {v} is at the head of {o} ; At the head of {o} is {v}
        """,
        link="leader",
    ),
    attribute(
        "product", oneof("sewing machines, fishing boats, wind turbines, globes, telescopes, garden furniture, sails, bicycles, church bells, hearing aids, spectacles, elevators, maps, toys, paper"),
        "product, products, makes, main product, produces",
        """
        v  makes {v} ; produces {v} ; is known for its {v} ; manufactures {v}
        p  making {v} ; known for its {v} ; producing {v}
        s  The main product is {v} ; The products are {v}
        """,
    ),
    attribute(
        "students", count(40, 40000), "students, number of students, pupils, numberOfStudents, enrolment",
        """
        v  has {v} students ; teaches {v} students ; is attended by {v} students
        p  with {v} students ; attended by {v} students
        s  {v} students are enrolled ; {v} students attend {o}
        """,
    ),
    attribute(
        "motto", named(lambda rng: '"' + lexicon.pick(rng, ("Ever", "Always", "Steadily", "Through storms", "By patience", "With light")) + " " + lexicon.pick(rng, ("onward", "upward", "true", "together", "in good hope", "to the shore")) + '"'),
        "motto, slogan, device",
        """
        v  has the motto {v} ; goes by the motto {v}
        p  with the motto {v}
        n  motto
        s  The motto is {v}
        """,
    ),
    attribute(
        "nickname", named(lambda rng: "The " + lexicon.pick(rng, lexicon.MODIFIERS) + " " + lexicon.pick(rng, ("Ones", "Foxes", "Gulls", "Hammers", "Lady", "Giant", "Pearl", "Hornets", "Lamp"))),
        "nickname, nicknamed, also known as, alternativeName, alias, fullname",
        """
        v  is nicknamed {v} ; is also known as {v} ; goes by the nickname {v} ; is sometimes called {v}
        p  nicknamed {v} ; also known as {v}
        n  nickname
        s  People call {o} {v} ; The nickname is {v}
        """,
    ),
)

PEOPLE: dict[str, Attribute] = {a.name: a for a in LIFE + CAREER + GROUPS}
