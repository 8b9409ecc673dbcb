"""Attributes of places that people visit: price, rating, area, who is welcome, opening hours.

Comes in: nothing.    Goes out: SERVICE, attributes by name.
These field kinds carry over from any domain to any other, so they have the most phrasings.
"""

# ruff: noqa: E501  (the phrase blocks are data: one role a line)

from scripts.corpus import amounts, lexicon
from scripts.corpus.attribute import Attribute, attribute

PRICE = attribute(
    "price", amounts.price,
    "priceRange, price range, price, prices, price_range, cost, priceRange, price band",
    """
    a@low  {v}-priced ; {v}-price ; inexpensive
    v@low|modest|reasonable|steep  has {v} prices ; charges {v} prices ; offers {v} prices ; asks {v} prices
    v@low  keeps its prices {v} ; is inexpensive ; is inexpensive to visit
    p@low|modest|reasonable|steep  with {v} prices ; offering {v} prices ; where prices are {v}
    s@low|modest|reasonable|steep  Prices at {n} are {v} ; Prices are {v} ; Its prices are {v}
    y@low  {S} has low prices, so it will not break the bank ; It will not cost you much, as prices are low
    a@modest  modestly priced ; modestly-priced
    v@modest  is modestly priced ; keeps prices modest
    y@modest  Expect modest prices ; You can expect modest prices at {n}
    a@reasonable  reasonably priced ; reasonably-priced
    v@reasonable  is reasonably priced ; is reasonable in price
    y@reasonable  You can expect reasonable prices ; The prices at {n} will seem reasonable to you
    y@steep  Be prepared for steep prices ; You should expect steep prices
    a@expensive  expensive ; rather expensive
    v@expensive  is expensive ; is rather expensive ; is on the expensive side ; has expensive prices
    p@expensive  with expensive prices ; that is rather expensive
    s@expensive  Prices are on the expensive side ; Prices at {n} are expensive
    v@less  costs {v} ; charges {v} ; is priced at {v} ; has prices of {v} ; has a price range of {v} ; can be visited for {v}
    p@less  with prices of {v} ; priced at {v} ; costing {v} ; for {v} ; with a price range of {v} ; in the {v} price range
    s@less  Prices are {v} ; The price range is {v} ; The price is {v} ; A visit to {n} costs {v}
    y@less  You will pay {v} ; Expect to pay {v} ; You can go there for {v}
    v@more  costs {v} ; charges {v} ; is priced at {v} ; has a price range of {v} ; has prices of {v}
    p@more  with prices of {v} ; priced at {v} ; costing {v} ; with a price range of {v} ; in the {v} price range
    s@more  Prices are {v} ; The price range is {v} ; Prices at {n} are {v} ; The average price is {v}
    y@more  You will pay {v} ; Expect to pay {v} ; Be ready to spend {v}
    v@band  costs {v} ; charges {v} ; has a price range of {v} ; is in the {v} price range ; has prices of {v} ; is priced at {v}
    p@band  in the {v} price range ; with a price range of {v} ; priced at {v} ; costing {v} ; with prices in the {v} range ; in the price range of {v}
    s@band  The price range is {v} ; Prices range within {v} ; The price is {v} ; Prices at {n} are in the {v} range
    y@band  You will pay {v} ; Expect to pay {v} ; You can expect prices in the {v} range
    v@sum  costs {v} ; charges {v} ; can be visited for {v} ; is priced at {v}
    p@sum  costing {v} ; priced at {v} ; for {v} ; at {v} a visit
    s@sum  The price is {v} ; A visit costs {v} ; {S} will set you back {v}
    y@sum  You will pay {v} ; It costs {v} to go in ; Expect to spend {v}
    """,
    judges=True,
)

RATING = attribute(
    "rating", amounts.rating,
    "customer rating, rating, customerRating, visitor rating, user rating, customer_rating, guest rating, customer rating, reviews",
    """
    v@score  is rated {v} ; has a customer rating of {v} ; has a rating of {v} ; is rated {v} by customers ; has been rated {v} by its visitors ; received a rating of {v} ; scores {v} with visitors ; has earned a rating of {v} ; holds a customer rating of {v} ; boasts a rating of {v} ; gets {v} from its customers
    p@score  rated {v} ; with a rating of {v} ; with a customer rating of {v} ; with @ {v} rating ; with @ {v} rating by its guests ; with @ {v} customer rating ; rated {v} by customers ; scoring {v} with its visitors ; that has a rating of {v}
    n@score  customer rating ; rating ; visitor rating
    s@score  Customers rate {o} {v} ; Customers have rated {o} {v} ; Visitors give {o} {v} ; The customer rating is {v} ; Guests rated {o} {v} ; People have given {o} a rating of {v}
    w@score  @ customer rating of {v} ; @ rating of {v}
    w@poor|fair|mixed|good|excellent  @ {v} rating ; @ {v} customer rating ; @ {v} rating from customers ; @ customer rating of {v} ; @ customer rating that is {v}
    p@poor|fair|mixed|good|excellent  rated {v} by customers ; rated {v} by visitors ; receiving {v} ratings
    v@poor|fair|mixed|good|excellent  is rated {v} ; is rated {v} by customers ; has {v} customer ratings ; receives {v} ratings ; has received @ {v} rating ; gets {v} reviews from visitors
    n@poor|fair|mixed|good|excellent  customer rating ; rating
    s@poor|fair|mixed|good|excellent  Customers rate {o} as {v} ; The customer rating is {v} ; Ratings are {v} ; Reviews of {o} are {v}
    a@poor  poorly rated ; badly rated
    a@fair  fairly rated
    a@good  well-rated ; well rated
    a@excellent  excellently rated ; excellent
    y@poor  Do not expect too much, as ratings are poor ; Visitors were not impressed and gave {o} a poor rating
    y@excellent  Visitors love {o} and the rating is excellent ; People speak well of {o}, with excellent ratings
    w@stars  @ rating of {v} ; @ customer rating of {v}
    v@stars  is rated {v} ; has been given {v} ; has earned {v} ; is rated {v} by its guests
    p@stars  rated {v} ; with {v} ; with {v} to its name
    n@stars  rating ; customer rating
    s@stars  Visitors give {o} {v} ; The rating is {v} ; Customers have rated {o} {v}
    """,
    judges=True,
)

AREA = attribute(
    "area", amounts.area,
    "area, location, part of town, district, area, quarter, setting, cityArea",
    """
    l@in  in the {v} ; in the {v} ; in the {v} area ; within the {v}
    p@in  located in the {v} ; situated in the {v} ; set in the {v} ; based in the {v} ; found in the {v} ; in the area of the {v}
    v@in  can be found in the {v} ; is located in the {v} ; is in the {v} area ; is based in the {v}
    y@in  You can find {o} in the {v} ; You will find {o} in the {v} ; Head to the {v} to find {o}
    s@in  The area is the {v}
    l@by  by the {v} ; on the {v} ; in the {v} area ; at the {v} ; in the {v} area ; along the {v}
    p@by  located by the {v} ; situated on the {v} ; set along the {v} ; located in the {v} area ; found by the {v} ; based in the {v} area
    v@by  can be found by the {v} ; is located on the {v} ; is in the {v} area ; sits by the {v} ; lies along the {v}
    y@by  You can find {o} by the {v} ; You will find {o} in the {v} area ; Head to the {v} to find {o}
    e@by  {v}
    """,
)

NEAR = attribute(
    "near", amounts.named(lexicon.landmark),
    "near, near, near, close to, nearby, next to, nearTo, neighbour, landmark nearby",
    """
    l  near {v} ; close to {v} ; near to {v} ; not far from {v} ; next to {v} ; in the vicinity of {v} ; beside {v} ; just by {v} ; a short walk from {v} ; close by {v}
    p  located near {v} ; situated near {v} ; situated by {v} ; located close to {v} ; found near {v} ; set near {v} ; located next to {v} ; standing near {v}
    v  can be found near {v} ; is near {v} ; is located near {v} ; is situated close to {v} ; is located not far from {v} ; is found near {v} ; neighbours {v} ; sits next to {v}
    s  Nearby is {v} ; {v} is nearby
    y  You can find {o} near {v} ; You will find {o} close to {v} ; Look for {o} near {v} ; If you know {v}, you are nearly there
    """,
)

FAMILY = attribute(
    "family", amounts.yes_no,
    "childFriendly, kidsAllowed, child friendly, children welcome, childrenAllowed, suitable for children, children",
    """
    a@yes  child friendly ; child-friendly
    v@yes  welcomes children ; allows children ; is suitable for children ; caters for children ; is a good place to bring the children ; welcomes parents with children ; is child friendly ; is open to children
    p@yes  with a child-friendly atmosphere ; where children are welcome ; suitable for children ; good for parents with children
    s@yes  Children are welcome ; Kids are welcome too ; Children are welcome at {n}
    y@yes  Bring the children ; Feel free to bring your kids ; If you have children, they will be welcome
    a@no  adults-only ; non-child-friendly ; adult-only
    v@no  is not child friendly ; does not welcome children ; is for adults only ; is not suitable for children ; does not allow children ; does not cater for children ; is unsuitable for children ; is no place for children
    p@no  that is not child friendly ; where children are not welcome ; not suited to children ; for adults only
    s@no  Children are not welcome ; Children are not allowed at {n} ; Kids are not allowed
    y@no  Leave the children at home ; It is better not to bring children ; If you have children, look elsewhere
    """,
    judges=True,
)

DOGS = attribute(
    "dogs", amounts.yes_no, "dogsAllowed, dogs allowed, petFriendly, pet friendly, dog friendly, pets, petsAllowed",
    """
    a@yes  dog-friendly ; pet-friendly ; dog friendly
    v@yes  allows dogs ; welcomes dogs ; is pet friendly ; lets dogs in ; is happy to let pets in ; accepts pets
    p@yes  where dogs are welcome ; that allows dogs ; that welcomes pets
    s@yes  Dogs are welcome ; Dogs are allowed at {n} ; Pets are welcome
    y@yes  You can bring your dog ; Bring your dog along
    v@no  does not allow dogs ; does not accept pets ; is not dog-friendly ; does not let dogs in ; is not pet friendly
    p@no  where dogs are not allowed ; that does not allow pets ; with a no-dogs policy
    s@no  Dogs are not allowed ; Pets are not permitted at {n} ; No dogs are allowed
    y@no  Leave your dog at home ; You cannot bring your dog
    """,
    judges=True,
)

ACCESS = attribute(
    "access", amounts.yes_no, "wheelchairAccess, wheelchair access, accessible, step-free access, wheelchair accessible",
    """
    a@yes  wheelchair-accessible ; fully accessible
    v@yes  is accessible to wheelchair users ; has wheelchair access ; offers step-free access ; can be reached by wheelchair
    p@yes  with wheelchair access ; with step-free access ; accessible by wheelchair
    s@yes  There is wheelchair access ; Wheelchair users have access to {n}
    v@no  has no wheelchair access ; is not accessible by wheelchair ; lacks step-free access ; is not accessible to wheelchair users
    p@no  without wheelchair access ; with no step-free access
    s@no  There is no wheelchair access ; There is no step-free access to {n}
    """,
    judges=True,
)

SUNDAY = attribute(
    "sunday", amounts.yes_no, "openOnSundays, open on Sundays, Sunday opening, open Sundays, sundays",
    """
    v@yes  is open on Sundays ; opens on Sundays ; stays open on Sundays ; is open on Sunday as well
    p@yes  open on Sundays ; that opens on Sundays
    s@yes  The doors are open on Sundays too ; Sunday visits are possible
    y@yes  You can come on Sundays too ; You can visit {o} on a Sunday
    v@no  is closed on Sundays ; does not open on Sundays ; is not open on Sundays ; stays closed on Sundays
    p@no  closed on Sundays ; that is closed on Sundays
    s@no  The doors stay closed on Sundays ; There is no Sunday opening
    y@no  Do not come on a Sunday, as it is closed
    """,
    judges=True,
)

PARKING = attribute(
    "parking", amounts.yes_no, "parking, car park, hasParking, free parking available, parking on site",
    """
    v@yes  has parking ; has its own parking ; offers parking to visitors ; has a place to park
    p@yes  with parking ; with parking on site ; with a car park
    s@yes  Parking is available ; There is parking at {n} ; There is parking on site
    y@yes  You can park on site
    v@no  has no parking ; does not have parking ; offers no parking ; lacks parking
    p@no  without parking ; with no parking
    s@no  Parking is not available ; There is no parking at {n} ; There is nowhere to park
    y@no  You will have to park elsewhere, as there is no parking
    """,
    judges=True,
)

WIFI = attribute(
    "wifi", amounts.yes_no, "wifi, free wifi, hasWifi, internet, wireless internet",
    """
    v@yes  has wifi ; offers wifi ; provides internet access ; comes with wifi
    p@yes  with wifi ; with internet access ; offering wifi
    s@yes  Wifi is available ; There is wifi at {n}
    v@no  has no wifi ; does not offer wifi ; has no internet access ; does without wifi
    p@no  without wifi ; with no internet access
    s@no  There is no wifi ; Wifi is not available at {n}
    """,
    judges=True,
)

BOOKING = attribute(
    "booking", amounts.yes_no, "bookingNeeded, booking required, booking, reservation required, book ahead",
    """
    v@yes  has to be booked in advance ; requires booking ; asks visitors to book ahead ; must be booked ahead
    p@yes  that must be booked ahead ; that requires booking
    s@yes  Booking is required ; Booking ahead is needed ; Booking is a must
    y@yes  You need to book ahead ; Make sure to book in advance
    v@no  does not require booking ; needs no booking ; can be visited without booking
    p@no  that needs no booking ; open without booking
    s@no  Booking is not required ; No booking is needed
    y@no  You do not need to book ; There is no need to book
    """,
)

TOURS = attribute(
    "tours", amounts.yes_no, "guidedTours, guided tours, tours, tours offered",
    """
    v@yes  offers guided tours ; runs guided tours ; has guided tours ; can be seen on a guided tour
    p@yes  with guided tours ; offering guided tours
    s@yes  Guided tours are available ; There are guided tours of {n}
    y@yes  You can join a guided tour
    v@no  does not offer guided tours ; has no guided tours ; runs no guided tours
    p@no  without guided tours ; with no guided tours
    s@no  Guided tours are not available ; There are no guided tours
    """,
    judges=True,
)

HOURS = attribute(
    "hours", amounts.hours, "openingHours, opening hours, open, hours, opening_hours, opening times",
    """
    v@to  is open from {v} ; opens its doors from {v} ; welcomes visitors from {v}
    v@dash  is open {v} ; has opening hours of {v} ; keeps opening hours of {v}
    p@to  open from {v}
    p@dash  open {v} ; with opening hours of {v}
    s@to  The doors are open from {v} ; Opening hours are from {v}
    s@dash  Opening hours are {v} ; The opening hours at {n} are {v}
    y@to  You can visit from {v} ; Come by any day from {v}
    """,
)

CLOSED = attribute(
    "closed", amounts.weekday, "closed on, closed, closingDay, day off, rest day",
    """
    v  is closed on {v}s ; closes on {v}s ; does not open on {v}s ; is shut every {v}
    p  closed on {v}s ; closed every {v}
    s  {v} is the day off ; {S} takes {v} off
    y  Do not come on @ {v}, when it is closed
    """,
)

FEE = attribute(
    "fee", amounts.measure(2, 60, "pounds|euros|dollars|crowns|francs"), "admission, entry fee, ticketPrice, ticket price, entrance fee, admissionFee, ticket",
    """
    v  charges {v} for admission ; costs {v} to enter ; asks {v} for a ticket ; has an entry fee of {v}
    p  with an entry fee of {v} ; with tickets at {v} ; with an admission price of {v}
    n  entry fee ; admission price ; ticket price
    s  Tickets cost {v} ; Admission is {v} ; Entry costs {v} ; A ticket for {n} costs {v}
    y  You pay {v} to get in ; You can get in for {v}
    """,
)

SERVICE: dict[str, Attribute] = {
    a.name: a for a in (PRICE, RATING, AREA, NEAR, FAMILY, DOGS, ACCESS, SUNDAY, PARKING, WIFI, BOOKING, TOURS, HOURS, CLOSED, FEE)
}
