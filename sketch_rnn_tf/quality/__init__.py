r"""Quality, measured: whether drawings are recognised, and how real they look.

    found = classifier.load("classifier50")
    made, drawn = report.make(model, data, found)
    print("\n".join(text.lines(made)))

In data-flow order: `inks` and `deformation` prepare drawings, `network` and
`classifier` recognise them, `measures` compares them, and `truth`, `report`,
`text` and `pictures` say how a model's stand beside real ones.
"""
