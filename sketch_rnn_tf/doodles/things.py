"""Drawers of things, and of faces and snowmen.

Each draws on the imaginary sheet of a `pen.Pen`; see there for angles.
"""

from sketch_rnn_tf.doodles import pen as pen_lib


def car(pen: pen_lib.Pen) -> None:
    """Draws a car from the side."""
    pen.mirrored = pen.chance(0.3)
    long, roof = pen.uniform(96, 104), pen.uniform(-66, -54)
    belt = -24
    outline = [
        (-long, 20),
        (-long + 2, belt + 8),
        (-0.6 * long, belt),
        (-0.34 * long, roof),
        (0.34 * long, roof),
        (0.62 * long, belt),
        (long, belt + 6),
        (long, 20),
    ]
    if pen.chance(0.8):
        pen.line(*outline, (-long + pen.uniform(-3, 3), 21))
    else:
        pen.line((-long, 20), (long, 20))
        pen.line(*outline)
    radius = pen.uniform(18, 23)
    hubs = pen.part(0.5)
    for side in pen.sides:
        wheel = side * 0.56 * long
        pen.loop(wheel, 22, radius, radius, num_points=9)
        if hubs:
            pen.loop(wheel, 22, 7, 7, num_points=5)
    top, sill = roof + 9, belt - 3
    if pen.part(0.9):
        pen.polygon(
            (-0.28 * long, top), (-4, top), (-4, sill), (-0.46 * long, sill)
        )
        pen.polygon(
            (5, top), (0.28 * long, top), (0.48 * long, sill), (5, sill)
        )
    if pen.part(0.4):
        pen.line((8, belt + 12), (24, belt + 12))
    if pen.part(0.4):
        pen.line((-long + 2, belt + 18), (-long + 14, belt + 16))


def face(pen: pen_lib.Pen) -> None:
    """Draws a person's face, with hair or without."""
    width, height = pen.uniform(68, 80), pen.uniform(78, 92)
    pen.loop(0, 0, width, height, num_points=11)
    apart = pen.uniform(0.34, 0.44) * width
    for side in pen.sides:
        pen.eye(side * apart, -0.22 * height, radius=8)
    if pen.part(0.35):
        for side in pen.sides:
            pen.line(
                (side * (apart - 12), -0.42 * height),
                (side * (apart + 12), -0.42 * height),
            )
    if pen.part(0.7):
        pen.line((0, -0.1 * height), (-8, 0.16 * height), (5, 0.17 * height))
    smile = pen.uniform(0.14, 0.26) * height
    pen.line(
        *pen.arc(
            0,
            0.4 * height,
            0.46 * width,
            smile,
            start=0.5,
            sweep=-0.5,
            num_points=5,
        )
    )
    if pen.part(0.35):
        for side in pen.sides:
            pen.line(
                (side * 0.98 * width, -0.2 * height),
                (side * 1.2 * width, -0.2 * height),
                (side * 1.18 * width, 0.12 * height),
                (side * 0.98 * width, 0.14 * height),
            )
    if pen.part(0.6):
        _hair(pen, width, height)


def _hair(pen: pen_lib.Pen, width: float, height: float) -> None:
    """Draws a zigzag fringe, or single hairs that stand up."""
    if pen.chance(0.5):
        teeth = [
            (0.95 * width, -0.36 * height),
            (0.62 * width, -0.52 * height),
            (0.5 * width, -0.84 * height),
            (0.2 * width, -0.58 * height),
            (0, -0.92 * height),
            (-0.24 * width, -0.58 * height),
            (-0.5 * width, -0.84 * height),
            (-0.64 * width, -0.52 * height),
            (-0.95 * width, -0.36 * height),
        ]
        pen.line(*(teeth[::-1] if pen.sides[0] < 0 else teeth))
        return
    hairs = 3 + 2 * pen.chance(0.5)
    for index in range(hairs):
        place = (index - (hairs - 1) / 2) * pen.sides[1] / hairs
        pen.line(
            (0.8 * place * width, -height * (1 - 0.35 * place * place)),
            (1.3 * place * width, -height * (1.3 - 0.5 * place * place)),
        )


def flower(pen: pen_lib.Pen) -> None:
    """Draws a flower with a stem."""
    heart = pen.uniform(17, 22)
    reach = pen.uniform(52, 62)
    pen.loop(0, 0, heart, heart, num_points=8)
    petals = 5 + pen.chance(0.5)
    turn = (1 if pen.clockwise else -1) / petals
    start = 0.75 - turn / 2
    for petal in range(petals):
        first = start + turn * petal
        tips = [
            (radius * pen_lib.cosine(angle), radius * pen_lib.sine(angle))
            for radius, angle in (
                (heart + 2, first + 0.1 * turn),
                (0.86 * reach, first + 0.08 * turn),
                (reach + pen.uniform(-3, 3), first + 0.5 * turn),
                (0.86 * reach, first + 0.92 * turn),
                (heart + 2, first + 0.9 * turn),
            )
        ]
        pen.line(*tips)
    ground = pen.uniform(140, 170)
    bend = pen.uniform(-10, 10)
    pen.line((0, reach), (bend, 0.5 * (reach + ground)), (0, ground))
    for side in pen.sides:
        if pen.part(0.6):
            low = ground - 18
            pen.line(
                (0, low),
                (side * 18, low - 28),
                (side * 46, low - 34),
                (side * 34, low - 8),
                (side * 2, low + 3),
            )


def house(pen: pen_lib.Pen) -> None:
    """Draws a house from the front."""
    pen.mirrored = pen.chance(0.3)
    half, wall = pen.uniform(62, 74), pen.uniform(88, 104)
    eaves, ridge = half + pen.uniform(4, 18), pen.uniform(-70, -52)
    roof_first = pen.chance(0.3)
    walls = ((-half, 0), (half, 0), (half, wall), (-half, wall))
    if roof_first:
        pen.polygon((-eaves, 0), (0, ridge), (eaves, 0))
    pen.polygon(*walls)
    if not roof_first:
        pen.polygon((-eaves, 0), (0, ridge), (eaves, 0))
    middle = pen.chance(0.5)
    door = 0.0 if middle else 0.4 * half
    pen.line(
        (door - 14, wall),
        (door - 14, wall - 44),
        (door + 14, wall - 44),
        (door + 14, wall),
    )
    if pen.part(0.4):
        pen.dot(door + 7, wall - 22, radius=3)
    windows = [side * 0.6 * half for side in pen.sides] if middle else [-28]
    pane = 12 if middle else 16
    for x in windows if pen.part(0.92) else ():
        top = 0.22 * wall
        bottom = top + 2 * pane
        pen.polygon(
            (x - pane, top),
            (x + pane, top),
            (x + pane, bottom),
            (x - pane, bottom),
        )
        if not middle:
            pen.line((x, top), (x, bottom))
            pen.line((x - pane, top + pane), (x + pane, top + pane))
    if pen.part(0.55):
        _chimney(pen, eaves, ridge)


def _chimney(pen: pen_lib.Pen, eaves: float, ridge: float) -> None:
    """Draws a chimney on the right slope, sometimes with smoke."""
    left, right = 0.42 * eaves, 0.66 * eaves
    top = ridge - 6
    pen.line(
        (left, ridge * (1 - left / eaves)),
        (left, top),
        (right, top),
        (right, ridge * (1 - right / eaves)),
    )
    if pen.part(0.5):
        x = 0.5 * (left + right)
        pen.line(
            (x, top - 6),
            (x + 10, top - 14),
            (x - 2, top - 24),
            (x + 12, top - 34),
            (x + 4, top - 46),
        )


def sailboat(pen: pen_lib.Pen) -> None:
    """Draws a boat with one sail or two."""
    pen.mirrored = pen.chance(0.3)
    deck, keel = pen.uniform(82, 94), pen.uniform(32, 42)
    if pen.chance(0.6):
        bottom = deck - pen.uniform(24, 38)
        pen.polygon((-deck, 0), (deck, 0), (bottom, keel), (-bottom, keel))
    else:
        belly = pen.arc(0, 0, deck, keel, start=0.5, sweep=-0.5, num_points=6)
        pen.polygon(*belly[::-1])
    mast = pen.uniform(-138, -118)
    pen.line((0, -2), (0, mast))
    foot = -12
    pen.polygon((6, mast + 8), (deck - pen.uniform(12, 24), foot), (6, foot))
    if pen.part(0.7):
        pen.polygon((-6, mast + 26), (-6, foot), (-0.66 * deck, foot))
    if pen.part(0.5):
        pen.line((0, mast), (-24, mast - 8), (0, mast - 18), (0, mast - 1))
    if pen.part(0.7):
        tall = pen.uniform(8, 13)
        crests = 5
        width = 2.4 * deck / (2 * crests)
        pen.line(
            *(
                (-1.2 * deck + width * k, keel + 8 + (0 if k % 2 else tall))
                for k in range(2 * crests + 1)
            )
        )


def snowman(pen: pen_lib.Pen) -> None:
    """Draws a snowman of two balls or three."""
    balls = [(0.0, pen.uniform(26, 31))]
    growths = (1.35, 1.28) if pen.chance(0.65) else (1.65,)
    for growth in growths:
        y, radius = balls[-1]
        larger = radius * growth
        balls.append((y + 0.95 * (radius + larger), larger))
    for y, radius in balls if pen.chance(0.7) else balls[::-1]:
        pen.loop(0, y, 1.06 * radius, radius, num_points=9)
    head = balls[0][1]
    for side in pen.sides:
        pen.num_eyes += 1
        pen.dot(side * 0.36 * head, -0.25 * head, radius=3)
    pen.line((0, 0), (0.7 * head, 5), (0, 8))
    if pen.part(0.5):
        pen.line(
            (-0.4 * head, 0.45 * head),
            (0, 0.62 * head),
            (0.4 * head, 0.45 * head),
        )
    y, radius = balls[1]
    if pen.part(0.7):
        for side in pen.sides:
            pen.line(
                (side * 0.95 * radius, y - 0.3 * radius),
                (side * (radius + 40), y - 0.3 * radius - pen.uniform(8, 28)),
            )
    if pen.part(0.7):
        for place in (-0.4, 0.1, 0.55)[: 2 + pen.chance(0.4)]:
            pen.dot(0, y + place * radius, radius=3)
    if pen.part(0.6):
        brim = -0.85 * head
        pen.line((-1.15 * head, brim), (1.15 * head, brim))
        pen.line(
            (-0.65 * head, brim),
            (-0.6 * head, brim - 34),
            (0.6 * head, brim - 34),
            (0.65 * head, brim),
        )


def umbrella(pen: pen_lib.Pen) -> None:
    """Draws an open umbrella with a hooked handle."""
    pen.mirrored = pen.chance(0.25)
    width, height = pen.uniform(88, 100), pen.uniform(68, 84)
    pen.line(*pen.arc(0, 0, width, height, start=0.5, sweep=0.5, num_points=8))
    scallops = 3 + pen.chance(0.5)
    chord = 2 * width / scallops
    edge = [(width - 2, 1.0)]
    for index in range(scallops):
        right = width - chord * index
        edge.append((right - 0.5 * chord, -0.16 * height))
        edge.append((right - chord, 0.0))
    pen.line(*edge)
    if pen.part(0.5):
        for index in range(1, scallops):
            x = -width + chord * index
            pen.line((0.12 * x, -height), (0.72 * x, -0.6 * height), (x, 0))
    low = pen.uniform(78, 92)
    hook = pen.uniform(14, 20)
    pen.line(
        (0, -0.12 * height),
        (0, low),
        *pen.arc(hook, low, hook, hook, start=0.42, sweep=-0.44, num_points=4),
    )
    if pen.part(0.5):
        pen.line((0, -height), (0, -height - 16))
    if pen.part(0.3):
        for x in (-70, -42, 48, 76):
            top = 30 + pen.uniform(0, 30)
            pen.line((x, top), (x - 4, top + 16))
