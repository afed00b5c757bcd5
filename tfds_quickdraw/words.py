"""The 345 words of Quick, Draw!, spelt as in Google's file names."""

import difflib
import re
from collections.abc import Iterable


def _split(text: str) -> tuple[str, ...]:
    """Splits words at commas; they may be broken over lines."""
    return tuple(" ".join(text.split()).split(", "))


# One string, as 345 literals would be 345 lines.
WORDS: tuple[str, ...] = _split(
    """
    aircraft carrier, airplane, alarm clock, ambulance, angel, animal
    migration, ant, anvil, apple, arm, asparagus, axe, backpack, banana,
    bandage, barn, baseball, baseball bat, basket, basketball, bat, bathtub,
    beach, bear, beard, bed, bee, belt, bench, bicycle, binoculars, bird,
    birthday cake, blackberry, blueberry, book, boomerang, bottlecap, bowtie,
    bracelet, brain, bread, bridge, broccoli, broom, bucket, bulldozer, bus,
    bush, butterfly, cactus, cake, calculator, calendar, camel, camera,
    camouflage, campfire, candle, cannon, canoe, car, carrot, castle, cat,
    ceiling fan, cell phone, cello, chair, chandelier, church, circle,
    clarinet, clock, cloud, coffee cup, compass, computer, cookie, cooler,
    couch, cow, crab, crayon, crocodile, crown, cruise ship, cup, diamond,
    dishwasher, diving board, dog, dolphin, donut, door, dragon, dresser,
    drill, drums, duck, dumbbell, ear, elbow, elephant, envelope, eraser, eye,
    eyeglasses, face, fan, feather, fence, finger, fire hydrant, fireplace,
    firetruck, fish, flamingo, flashlight, flip flops, floor lamp, flower,
    flying saucer, foot, fork, frog, frying pan, garden, garden hose, giraffe,
    goatee, golf club, grapes, grass, guitar, hamburger, hammer, hand, harp,
    hat, headphones, hedgehog, helicopter, helmet, hexagon, hockey puck,
    hockey stick, horse, hospital, hot air balloon, hot dog, hot tub,
    hourglass, house, house plant, hurricane, ice cream, jacket, jail,
    kangaroo, key, keyboard, knee, knife, ladder, lantern, laptop, leaf, leg,
    light bulb, lighter, lighthouse, lightning, line, lion, lipstick, lobster,
    lollipop, mailbox, map, marker, matches, megaphone, mermaid, microphone,
    microwave, monkey, moon, mosquito, motorbike, mountain, mouse, moustache,
    mouth, mug, mushroom, nail, necklace, nose, ocean, octagon, octopus,
    onion, oven, owl, paint can, paintbrush, palm tree, panda, pants, paper
    clip, parachute, parrot, passport, peanut, pear, peas, pencil, penguin,
    piano, pickup truck, picture frame, pig, pillow, pineapple, pizza, pliers,
    police car, pond, pool, popsicle, postcard, potato, power outlet, purse,
    rabbit, raccoon, radio, rain, rainbow, rake, remote control, rhinoceros,
    rifle, river, roller coaster, rollerskates, sailboat, sandwich, saw,
    saxophone, school bus, scissors, scorpion, screwdriver, sea turtle, see
    saw, shark, sheep, shoe, shorts, shovel, sink, skateboard, skull,
    skyscraper, sleeping bag, smiley face, snail, snake, snorkel, snowflake,
    snowman, soccer ball, sock, speedboat, spider, spoon, spreadsheet, square,
    squiggle, squirrel, stairs, star, steak, stereo, stethoscope, stitches,
    stop sign, stove, strawberry, streetlight, string bean, submarine,
    suitcase, sun, swan, sweater, swing set, sword, syringe, t-shirt, table,
    teapot, teddy-bear, telephone, television, tennis racquet, tent, The
    Eiffel Tower, The Great Wall of China, The Mona Lisa, tiger, toaster, toe,
    toilet, tooth, toothbrush, toothpaste, tornado, tractor, traffic light,
    train, tree, triangle, trombone, truck, trumpet, umbrella, underwear, van,
    vase, violin, washing machine, watermelon, waterslide, whale, wheel,
    windmill, wine bottle, wine glass, wristwatch, yoga, zebra, zigzag
    """
)
"""All words, in alphabetical order."""

QUICKDRAW75: tuple[str, ...] = _split(
    """
    alarm clock, ambulance, angel, ant, barn, basket, bee, bicycle, book,
    bridge, bulldozer, bus, butterfly, cactus, castle, cat, chair, couch,
    crab, cruise ship, dolphin, duck, elephant, eye, face, fan, fire hydrant,
    firetruck, flamingo, flower, garden, hand, hedgehog, helicopter, kangaroo,
    key, lighthouse, lion, map, mermaid, octopus, owl, paintbrush, palm tree,
    parrot, passport, peas, penguin, pig, pineapple, postcard, power outlet,
    rabbit, radio, rain, rhinoceros, roller coaster, sandwich, scorpion, sea
    turtle, sheep, skull, snail, snowflake, speedboat, spider, strawberry,
    swan, swing set, tennis racquet, The Mona Lisa, toothbrush, truck, whale,
    windmill
    """
)
"""Table 2 of Ha & Eck (2017); what it calls "the mona lisa" is the file
"The Mona Lisa"."""


def slug(word: str) -> str:
    """Makes a word fit for a TFDS config's name.

    Args:
      word: Any text.

    Returns:
      The word in lower case; each run of other characters than letters,
      digits, "_", "-" and "." is one "_".

    >>> slug("The Eiffel Tower")
    'the_eiffel_tower'
    """
    return re.sub(r"[^a-z0-9_.-]+", "_", word.lower()).strip("_") or "_"


_BY_SLUG = {slug(word): word for word in WORDS}


def find(word: str) -> str | None:
    """Finds the spelling of a word in Google's file names.

    Args:
      word: A word or its slug, in any case.

    Returns:
      One of `WORDS`, or None if it is none of them.

    >>> find("the mona lisa"), find("t-shirt"), find("unicorn")
    ('The Mona Lisa', 't-shirt', None)
    """
    return _BY_SLUG.get(slug(word))


def suggestion(word: str, among: Iterable[str] = WORDS) -> str:
    """Words a typing error for an error message.

    Args:
      word: What was asked for.
      among: What there is.

    Returns:
      "; did you mean ...?" with up to three of `among`, or "".

    >>> suggestion("the eifel tower")
    '; did you mean The Eiffel Tower?'
    """
    by_lower = {known.lower(): known for known in among}
    close = difflib.get_close_matches(word.lower().replace("_", " "), by_lower)
    names = " or ".join(by_lower[name] for name in close)
    return f"; did you mean {names}?" if names else ""
