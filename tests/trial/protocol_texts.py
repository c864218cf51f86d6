"""Protocols with phases, with changes by response, with rules and with dropout before allocation, as text."""

WITHDRAWAL = """
name: withdrawal
title: Ketamine for two weeks, then ketamine or saline for those who respond
design: parallel
control: saline
entry: {minimum: {MADRS: 28}}
phases:
  - name: open
    regimen: ketamine 0.5 mg/kg iv over 40 min; every 3.5 d x 4
    length: 14 d
    visits: [0 min, 7 d, 14 d]
    go_on: [{endpoint: MADRS, at: [14 d], fall: 0.5}]
arms:
  - {name: ketamine, regimen: ketamine 0.5 mg/kg iv over 40 min; every 7 d x 4, size: 12}
  - {name: saline, regimen: saline, size: 10, control: true}
endpoints:
  - {name: MADRS, visits: [0 min, 7 d, 14 d, 21 d, 28 d]}
  - {name: CADSS, visits: [0 min, 40 min]}
analysis: [relapse]
relapse: {start: 0 min, at_least: {MADRS: 22}, in_a_row: 2}
"""

FLEXIBLE = """
name: flexible
title: Ketamine, more of it for those who do not respond
design: parallel
control: saline
background: escitalopram 10 mg oral; every 24 h x 15
entry: {minimum: {MADRS: 28}}
arms:
  - name: ketamine
    regimen: ketamine 0.1 mg/kg iv over 40 min; every 7 d x 2
    size: 30
    adjust: [{endpoint: MADRS, at: 7 d, fall: 0.5, met: false, regimen: ketamine 1 mg/kg iv over 40 min}]
  - {name: saline, regimen: saline, size: 5, control: true}
endpoints:
  - {name: MADRS, visits: [0 min, 7 d, 8 d, 14 d]}
  - {name: CADSS, visits: [0 min, 168.7 h]}
"""

RULED = """
name: ruled
title: Ketamine by rating and by blood pressure
design: parallel
control: saline
background: escitalopram 10 mg oral; every 24 h x 22
entry: {minimum: {MADRS: 28}}
arms:
  - name: ketamine
    regimen: ketamine 0.5 mg/kg iv over 40 min; every 7 d x 3
    size: 30
    steps: [0.5, 1, 2]
    rules:
      - if response then stop
      - if MADRS at visit > 0.75 x baseline and day >= 7 then dose up, once
      - if CADSS after dose > 25 then dose down
      - hold while SBP > 116
  - {name: saline, regimen: saline, size: 5, control: true}
endpoints:
  - {name: MADRS, visits: [0 min, 7 d, 14 d, 21 d]}
primary: {endpoint: MADRS, time: 21 d}
dropout: {completely_at_random: 0.1, missed_visits: 0.1}
replicates: 2
"""

LEAVING = """
name: leaving
title: Two phases that people may leave, then ketamine or saline
design: parallel
control: saline
entry: {minimum: {MADRS: 24}}
phases:
  - name: first
    regimen: saline
    length: 14 d
    visits: [0 min, 7 d]
    dropout: {completely_at_random: 0.3}
  - name: second
    regimen: saline
    length: 7 d
arms:
  - {name: ketamine, regimen: ketamine 0.5 mg/kg iv over 40 min, size: 120}
  - {name: saline, regimen: saline, size: 120, control: true}
endpoints:
  - {name: MADRS, visits: [0 min, 7 d, 14 d]}
replicates: 1
"""
