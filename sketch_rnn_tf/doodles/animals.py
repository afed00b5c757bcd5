"""Drawers of animals: cats and pigs, head only or whole, and fish.

Each draws on the imaginary sheet of a `pen.Pen`; see there for angles.
"""

import math

from sketch_rnn_tf.doodles import pen as pen_lib


def cat(pen: pen_lib.Pen) -> None:
    """Draws a cat: pointed ears, whiskers; half of them with a body."""
    pen.full_body = pen.chance(0.5)
    pen.mirrored = pen.chance(0.3)
    if not pen.full_body:
        width, height = pen.uniform(70, 84), pen.uniform(60, 70)
        _cat_head(pen, width, height)
        _cat_face(pen, width, height)
        return
    width, height = pen.uniform(44, 52), pen.uniform(38, 44)
    _cat_head(pen, width, height)
    face_first = pen.chance(0.8)
    if face_first:
        _cat_face(pen, width, height)
    body = (
        pen.uniform(76, 86),
        pen.uniform(48, 54),
        pen.uniform(68, 76),
        pen.uniform(33, 40),
    )
    nape = (0.97 * width, 0.12 * height)
    throat = (0.4 * width, 0.9 * height)
    _body(pen, *body, nape=nape, throat=throat)
    _legs(pen, *body, leg_length=pen.uniform(34, 46))
    rump_x, rump_y = body[0] + 0.93 * body[2], body[1] - 0.35 * body[3]
    tip = pen.uniform(-12, 12)
    if pen.part(0.9):
        pen.line(
            (rump_x, rump_y),
            (rump_x + 20, rump_y - 12),
            (rump_x + 24, rump_y - 38),
            (rump_x + 20 + tip, rump_y - 62),
            (rump_x + 30 + tip, rump_y - 78),
        )
    if not face_first:
        _cat_face(pen, width, height)


def _cat_head(pen: pen_lib.Pen, width: float, height: float) -> None:
    """Draws the outline with both ears, around (0, 0), in one line mostly."""
    tip_x = pen.uniform(0.78, 0.9) * width
    tip_y = pen.uniform(-1.45, -1.25) * height
    inner, outer = (0.36 * width, -0.9 * height), (0.9 * width, -0.42 * height)
    side = -1 if pen.clockwise else 1
    if pen.chance(0.75):
        around = pen.arc(
            0,
            0,
            side * width,
            height,
            start=0.57,
            sweep=-0.65,
            num_points=8 if pen.full_body else 9,
        )
        pen.line(
            (side * outer[0], outer[1]),
            (side * tip_x, tip_y),
            (side * inner[0], inner[1]),
            (-side * inner[0], inner[1]),
            (-side * tip_x, tip_y),
            *around,
        )
        return
    pen.loop(0, 0, width, height, num_points=11)
    for side in pen.sides:
        pen.line(
            (side * outer[0], outer[1]),
            (side * tip_x, tip_y),
            (side * inner[0], inner[1]),
        )


def _cat_face(pen: pen_lib.Pen, width: float, height: float) -> None:
    """Draws eyes, nose, mouth and whiskers within the head."""
    apart = pen.uniform(0.34, 0.42) * width
    for side in pen.sides:
        pen.eye(side * apart, -0.18 * height, radius=0.11 * width)
    nose = 0.22 * height
    if pen.full_body:
        pen.line(
            (-0.14 * width, nose + 4), (0, nose + 9), (0.14 * width, nose + 4)
        )
    else:
        pen.polygon((-8, nose - 5), (8, nose - 5), (0, nose + 5))
        mouth = nose + 6
        if pen.part(0.7):
            pen.line(
                (-0.3 * width, mouth + 4),
                (-0.18 * width, mouth + 14),
                (0, mouth),
                (0.18 * width, mouth + 14),
                (0.3 * width, mouth + 4),
            )
    if not pen.part(0.5 if pen.full_body else 0.9):
        return
    rows = 2 if pen.full_body or pen.chance(0.4) else 3
    reach = pen.uniform(1.15, 1.4) * width
    for side in pen.sides:
        for row in range(rows):
            spread = row - (rows - 1) / 2
            pen.line(
                (side * 0.48 * width, nose + 0.12 * height * spread),
                (side * reach, nose - 3 + 0.34 * height * spread),
            )


def pig(pen: pen_lib.Pen) -> None:
    """Draws a pig: snout, floppy ears; half of them with a curly tail."""
    pen.full_body = pen.chance(0.5)
    pen.mirrored = pen.chance(0.3)
    if not pen.full_body:
        width, height = pen.uniform(74, 86), pen.uniform(68, 78)
        _pig_head(pen, width, height)
        _pig_face(pen, width, height)
        return
    width, height = pen.uniform(44, 50), pen.uniform(40, 46)
    _pig_head(pen, width, height)
    face_first = pen.chance(0.8)
    if face_first:
        _pig_face(pen, width, height)
    body = (
        pen.uniform(78, 86),
        pen.uniform(26, 34),
        pen.uniform(74, 82),
        pen.uniform(50, 58),
    )
    nape = (0.97 * width, -0.1 * height)
    throat = (0.4 * width, 0.9 * height)
    _body(pen, *body, nape=nape, throat=throat)
    _legs(pen, *body, leg_length=pen.uniform(20, 28))
    if pen.part(0.95):
        rump_x, rump_y = body[0] + 0.97 * body[2], body[1] - 0.15 * body[3]
        pen.line(
            (rump_x, rump_y),
            (rump_x + 20, rump_y - 4),
            (rump_x + 27, rump_y - 22),
            (rump_x + 12, rump_y - 24),
            (rump_x + 17, rump_y - 3),
            (rump_x + 42, rump_y - 8),
        )
    if not face_first:
        _pig_face(pen, width, height)


def _pig_head(pen: pen_lib.Pen, width: float, height: float) -> None:
    """Draws a round head with two ears that flop outwards."""
    num_points = 10 if pen.full_body else 12
    pen.loop(0, 0, width, height, num_points=num_points)
    droop = pen.uniform(-0.72, -0.5) * height
    for side in pen.sides:
        pen.line(
            (side * 0.34 * width, -0.94 * height),
            (side * 0.86 * width, -1.2 * height),
            (side * 1.16 * width, droop),
            (side * 0.88 * width, -0.5 * height),
        )


def _pig_face(pen: pen_lib.Pen, width: float, height: float) -> None:
    """Draws eyes, snout, nostrils and, on large heads, a mouth."""
    apart = pen.uniform(0.36, 0.46) * width
    for side in pen.sides:
        pen.eye(side * apart, -0.3 * height, radius=0.1 * width)
    snout = 0.2 * height
    pen.loop(0, snout, 0.38 * width, 0.28 * height, num_points=8)
    for side in pen.sides:
        pen.dot(side * 0.13 * width, snout, radius=0.09 * height)
    if not pen.full_body and pen.part(0.6):
        pen.line(
            *pen.arc(
                0,
                0.45 * height,
                0.36 * width,
                0.27 * height,
                start=0.45,
                sweep=-0.4,
                num_points=4,
            )
        )


def _body(
    pen: pen_lib.Pen,
    x: float,
    y: float,
    x_radius: float,
    y_radius: float,
    *,
    nape: pen_lib.Point,
    throat: pen_lib.Point,
) -> None:
    """Draws a body from the head's nape over back and belly to the throat."""
    around = pen.arc(
        x,
        y,
        x_radius,
        y_radius,
        start=0.72,
        sweep=0.68,
        num_points=7,
    )
    outline = [nape, *around, throat]
    pen.line(*(outline if pen.clockwise else outline[::-1]))


def _legs(
    pen: pen_lib.Pen,
    x: float,
    y: float,
    x_radius: float,
    y_radius: float,
    *,
    leg_length: float,
) -> None:
    """Draws four legs (or two) under a body, front legs first."""
    foot = y + y_radius + leg_length
    turned = pen.uniform(-5, 0) if pen.chance(0.5) else 0.0
    places = (-0.62, -0.38, 0.38, 0.64) if pen.chance(0.8) else (-0.55, 0.55)
    for place in places:
        # The belly's height there: an ellipse, sin = sqrt(1 - cos**2).
        top = y + y_radius * math.sqrt(1 - place * place)
        leg_x = x + place * x_radius
        if len(places) == 2:
            pen.leg(
                (leg_x - 9, top),
                (leg_x - 8, foot),
                (leg_x + 8, foot),
                (leg_x + 9, top),
            )
        else:
            pen.leg((leg_x, top), (leg_x + turned, foot))


def fish(pen: pen_lib.Pen) -> None:
    """Draws a fish that looks to the left, mostly."""
    pen.mirrored = pen.chance(0.25)
    x_radius, y_radius = pen.uniform(68, 80), pen.uniform(36, 48)
    fork = x_radius + pen.uniform(34, 46)
    spread = pen.uniform(28, 38)
    if pen.chance(0.5):
        # One line: from the tail over the back, under the belly, and across.
        around = pen.arc(
            0, 0, x_radius, y_radius, start=0.94, sweep=-0.88, num_points=10
        )
        tail = [(fork, spread), *around, (fork, -spread)]
        if pen.clockwise:
            tail = [(x, -y) for x, y in tail]
        pen.line(*tail, (fork - 10, 0), (fork + 2, tail[0][1]))
    else:
        pen.loop(0, 0, x_radius, y_radius, num_points=11, start=0.5)
        pen.polygon((x_radius - 3, 0), (fork, -spread), (fork - 4, spread))
    pen.eye(-0.6 * x_radius, -0.22 * y_radius, radius=7)
    if pen.part(0.6):
        mouth = 0.32 * y_radius
        pen.line(
            (-0.92 * x_radius, mouth),
            (-0.76 * x_radius, mouth + 3),
            (-0.62 * x_radius, mouth - 3),
        )
    if pen.part(0.5):
        gill = -0.32 * x_radius
        pen.line((gill, -0.6 * y_radius), (gill + 9, 0), (gill, 0.6 * y_radius))
    if pen.part(0.6):
        crest = -y_radius - pen.uniform(16, 26)
        pen.line(
            (-0.3 * x_radius, -0.95 * y_radius),
            (0.1 * x_radius, crest),
            (0.4 * x_radius, crest + 4),
            (0.45 * x_radius, -0.9 * y_radius),
        )
    if pen.part(0.4):
        pen.line(
            (-0.05 * x_radius, 0.1 * y_radius),
            (0.32 * x_radius, 0.35 * y_radius),
            (0.02 * x_radius, 0.45 * y_radius),
        )
    if pen.part(0.4):
        for row in range(2 + pen.chance(0.5)):
            pen.loop(
                -x_radius - 18 - 6 * row,
                -24 - 22 * row,
                5 + row,
                5 + row,
                num_points=5,
            )
