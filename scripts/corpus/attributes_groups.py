"""Attributes of teams, firms, schools and societies.

Comes in: nothing.    Goes out: GROUP, attributes by name.
"""

# ruff: noqa: E501  (the phrase blocks are data: one role a line)

from scripts.corpus import lexicon
from scripts.corpus.amounts import count, measure, named, oneof, several
from scripts.corpus.attribute import Attribute, attribute

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
        "headquarters", named(lexicon.spot), "headquarters, head office, based in, hq, location",
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

GROUP: dict[str, Attribute] = {a.name: a for a in GROUPS}
