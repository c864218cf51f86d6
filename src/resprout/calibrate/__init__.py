"""Evidence against model: interventions in silico, rival hypotheses, the scoreboard."""
