"""Attributes of works and events: books, films, music, pictures; festivals, courses, matches, battles.

Comes in: nothing.    Goes out: WORK, attributes by name.
"""

# ruff: noqa: E501  (the phrase blocks are data: one role a line)

from scripts.corpus import amounts, lexicon
from scripts.corpus.amounts import count, measure, named, oneof, several
from scripts.corpus.attribute import Attribute, attribute

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
        e  {v}
        v  belongs to the {v} genre ; is in the {v} genre
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

EVENTS = (
    attribute("venue_town", named(lexicon.spot), "location, town, place, city, held in, where", """
        p  held in {v} ; in {v}
        v  was held in {v} ; was staged in {v}
        s  {v} was the setting ; The setting was {v}
        """, link="town"),
    attribute("host_town", named(lexicon.spot), "location, town, place, city, held in, where", """
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
        e  {v} ; {v}-level
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

WORK: dict[str, Attribute] = {a.name: a for a in WORKS + EVENTS}
