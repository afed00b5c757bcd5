"""The paper's experiments: trainings in a grid, and what they show.

    from sketch_rnn_tf.experiments import grid, table

A training is named, described and recorded (`trainings`), many of them are
run one after another or one a GPU (`grid`), and their losses make the paper's
Table 1 (`table`).  All of it goes on where it was when it is run again.
"""
