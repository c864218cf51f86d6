"""Small models of one's own, one construct each, written for these tests."""

from __future__ import annotations

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<sbml xmlns="http://www.sbml.org/sbml/{ns}" level="{level}" version="{version}">'
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>'
STOCK = "compartment C = 1; species S in C, P in C; S = 4; P = 0;"

ANTIMONY = {
    "mass action": f"{STOCK} k = 0.3; J: S -> P; k*S;",
    "a reversible reaction": f"{STOCK} J: S -> P; 0.3*S - 0.1*P;",
    "two of one kind meet": f"{STOCK} J: 2 S -> P; 0.05*S^2;",
    "a stoichiometry that is no whole number": f"{STOCK} J: 0.5 S -> 1.5 P; 0.3*S;",
    "a concentration in a compartment of size 2.5": (
        "compartment C = 2.5; species S in C, P in C; S = 4; P = 0; J: S -> P; C*0.3*S;"
    ),
    "an amount in a compartment of size 2.5": (
        "compartment C = 2.5; substanceOnly species S in C, P in C; S = 4; P = 0; J: S -> P; 0.3*S;"
    ),
    "amount and concentration in one reaction": (
        "compartment C = 2.5; substanceOnly species S in C; species P in C; S = 4; P = 0.2; J: S -> P; 0.3*S*P;"
    ),
    "transport between compartments of two sizes": (
        "compartment A = 3, B = 0.4; species S in A, P in B; S = 4; P = 0; J: S -> P; 0.2*(S - P);"
    ),
    "a species at the border stays": f"{STOCK} $Q in C; Q = 2; J: Q -> P; 0.3*Q; K: S -> ; 0.1*S*Q;",
    "a constant species": f"{STOCK} const species Q in C; Q = 2; J: S -> P; 0.3*Q*S;",
    "a border species under a rule": f"{STOCK} $Q in C; Q := 2 + sin(time); J: Q -> P; 0.3*Q; K: S->; 0.1*S*Q;",
    "a rate rule": "x = 1; x' = -0.3*x*y; y = 2; y' = 0.2*x - 0.1*y;",
    "a rate rule of a species": "compartment C = 2; species S in C; S = 3; S' = -0.4*S;",
    "an assignment rule that reads another": "x = 1; x' = -0.3*b; b := 2*a; a := x/(1 + x);",
    "an initial assignment": "k = 0.4; x = 3*k + 1; x' = -k*x;",
    "initial assignments in a chain, against their order": "a = b + 1; b = 2*c; c = 0.7; x = a*b; x' = -c*x; y = x/2; y' = a - y;",
    "an initial assignment that reads an assignment rule": "k = 0.4; r := 2*k + x0; x0 = 3; x = r; x' = -k*x;",
    "an initial amount in a compartment that is assigned": (
        "compartment C; C = 2*v; v = 1.5; species S in C; amt = 6; S = amt/C; J: S -> ; C*0.3*S;"
    ),
    "a function definition": "function mm(s, v, k)\n v*s/(k + s)\nend\nmodel m\n x = 4; x' = -mm(x, 1.2, 0.5);\nend",
    "a function of a function": (
        "function f(a)\n a^2\nend\nfunction h(a, b)\n f(a)/(1 + f(b))\nend\nmodel m\n x = 2; x' = -h(x, x + 1);\nend"
    ),
    "a compartment that grows": (
        "compartment C = 1; C' = 0.3; species S in C, P in C; S = 4; P = 0; J: S -> P; C*0.3*S;"
    ),
    "a compartment under an assignment rule": (
        "compartment C; C := 1 + 0.5*sin(time); species S in C, P in C; S = 4; P = 0; J: S -> P; C*0.3*S;"
    ),
    "piecewise in time": "x = 1; x' = piecewise(2, time < 3, -0.5*x);",
    "piecewise with three pieces": "x = 1; x' = piecewise(1, time < 2, 3, time < 4.5, -0.2*x);",
    "piecewise in a state": "x = 1; x' = piecewise(0.5, x < 3, 0.2);",
    "and, or, not, xor": (
        "x = 1; x' = piecewise(1, (time > 1 && time < 3) || time > 7, 0); y = 0; "
        "y' = piecewise(1, xor(time < 2, !(time < 5)), 0.25);"
    ),
    "absolute value": "x = 1; x' = 0.5*cos(time) - 0.1*x; y = 0; y' = abs(x - 1);",
    "min and max": "x = 1; x' = max(0.2, sin(time)) - min(x, 2)*0.3;",
    "sine, cosine, tangent": "x = 0; x' = sin(time) + cos(2*time); y = 0; y' = tan(0.1*x);",
    "inverse trigonometry": "x = 0.2; x' = 0.05*cos(time); y = 0; y' = arcsin(x) + arccos(x) * arctan(x);",
    "hyperbolic functions": "x = 0.2; x' = -0.3*tanh(x) + 0.1; y = 0; y' = 0.1*sinh(x) + 0.1*cosh(x);",
    "inverse hyperbolic functions": "x = 0.2; x' = 0.05; y = 0; y' = arcsinh(x) + arctanh(x) + arccosh(1.5 + x);",
    "logarithms": "x = 2; x' = -0.1*x; y = 0; y' = ln(x) + log10(x) + log(3, x);",
    "roots": "x = 2; x' = -0.1*x; y = 0; y' = sqrt(x) + root(3, x) + root(2, x);",
    "powers": "n = 2.5; x = 2; x' = -0.1*x; y = 0; y' = x^n + x^-2 + pow(x, 0.5) + (x - 3)^3 + (x - 3)^m; m = 5; z = -1; z' = -z^m;",
    "a state in the exponent": "x = 1.5; x' = -0.1*x^y; y = 0.5; y' = 0.1*(1.5 - y);",
    "exp, pi and e": "x = 1; x' = exp(-0.3*time) - pi/10*x + exponentiale/100;",
    "time": "x = 1; x' = time*0.1 - x;",
    "a Hill function that starts at nothing": "x = 0; x' = 0.3 - 0.1*x; y = 0; y' = x^2.5/(1 + x^2.5) - 0.1*y;",
    "a stiff system": ("A = 1; B = 0; D = 0; A' = -0.04*A + 1e4*B*D; B' = 0.04*A - 1e4*B*D - 3e7*B^2; D' = 3e7*B^2;"),
    "concentrations in nanomolar": "compartment C = 1e-3; species S in C, P in C; S = 5e-9; P = 0; J: S -> P; C*0.3*S;",
    "an event at a time": f"{STOCK} J: S -> P; 0.3*S; E: at (time >= 3.3): S = 6;",
    "an event just after a time": f"{STOCK} J: S -> P; 0.3*S; E: at (time > 3.3): S = S + P;",
    "an event between two times": f"{STOCK} J: S -> P; 0.3*S; E: at (time > 2 && time < 4): S = S + 1; F: at !(time < 5): P = 0;",
    "an event at the beginning": f"{STOCK} J: S -> P; 0.3*S; E: at (time >= 0), t0=false: S = 6;",
    "an event that holds from the beginning": f"{STOCK} J: S -> P; 0.3*S; E: at (S > 1), t0=true: S = 6;",
    "an event of a state": f"{STOCK} J: S -> P; 0.3*S; E: at (S < 1): S = 3, P = P/2;",
    "an event beside constants that nothing reads": (
        "unread = 7; k = 0.5; idle = 3; x = 2; x' = -k*x; E: at (x < 1): x = low; low = 1.5;"
    ),
    "an event that comes back": "x = 2; x' = -0.5*x; n = 0; E: at (x < 1): x = 2, n = n + 1;",
    "an event that sets the time of the next": "x = 0; x' = -0.2*x; due = 1.3; E: at (time >= due): x = x + 2, due = due + 2.1;",
    "an event that sets off another": "x = 0; y = 0; z = 1; z' = -0.1*z; E: at (time > 2): x = 1; F: at (x > 0.5): y = 3 + z;",
    "an event that changes a compartment": (
        "compartment C = 1; species S in C, P in C; S = 4; P = 0; J: S -> P; C*0.3*S; E: at (time > 2.2): C = 2;"
    ),
    "an event that swaps two": "x = 1; y = 2; x' = 0.1; y' = -0.1*y; E: at (time > 3.1): x = y, y = x;",
    "a ball that bounces": "h = 10; v = 0; h' = v; v' = -9.81; E: at (h < 0): v = -0.9*v, h = 0;",
    "floor and ceiling of a state": "x = 0.3; x' = 0.5; y = 0; y' = floor(x) + 0.1*ceil(2*x) - 0.2*y;",
    "floor of time, downwards": "y = 0; y' = floor(3.3 - 0.7*time) - 0.1*y;",
    "factorial": "n = 4; x = 1; x' = factorial(n)/100 - x;",
    "a stoichiometry under an assignment rule": f"{STOCK} n := 1 + 0.5*sin(time); J: S -> n P; 0.3*S;",
    "a stoichiometry under a rate rule": f"{STOCK} n = 1; n' = 0.1; J: S -> n P; 0.3*S;",
    "a stoichiometry that an event changes": f"{STOCK} n = 1; J: S -> n P; 0.3*S; E: at (time > 3.3): n = 2;",
    "the rate of a state": "x = 2; x' = -0.3*x*y; y = 1; y' = 0.1 - 0.2*rateOf(x); z := rateOf(y);",
    "the rate of a species in an event": (
        "compartment C = 2; species S in C, P in C; S = 4; P = 0; J: S -> P; C*0.3*S; E: at (rateOf(P) < 0.5): P = 0;"
    ),
    "a predator and its prey": "a = 1.1; b = 0.4; x = 10; y = 5; x' = a*x - b*x*y; y' = 0.1*x*y - 0.4*y;",
    "a toggle of two genes": "u = 0.1; v = 2; u' = 4/(1 + v^2) - u; v' = 4/(1 + u^2.2) - v;",
}


def _document(body: str, *, level: int = 3, version: int = 2, attributes: str = "") -> str:
    namespaces = {(3, 2): "level3/version2/core", (3, 1): "level3/version1/core", (2, 4): "level2/version4"}
    head = HEAD.format(ns=namespaces[level, version], level=level, version=version)
    return f'{head}<model id="m" {attributes}>{body}</model></sbml>'


def _ci(name: str) -> str:
    return f"<ci>{name}</ci>"


def _apply(operation: str, *parts: str) -> str:
    return f"<apply><{operation}/>{''.join(parts)}</apply>"


L3_HOME = (
    '<listOfCompartments><compartment id="C" size="2" spatialDimensions="3" constant="true"/></listOfCompartments>'
)


def l3_species(name: str, initial: str, more: str = "") -> str:
    """One species of Level 3."""
    given = dict(
        part.split("=") for part in f"hasOnlySubstanceUnits=false boundaryCondition=false constant=false {more}".split()
    )
    flags = " ".join(f'{key}="{value}"' for key, value in given.items())
    return f'<species id="{name}" compartment="C" {initial} {flags}/>'


def l3_reaction(inside: str, law: str, local: str = "") -> str:
    """One reaction of Level 3 that uses S, with its local parameters."""
    return (
        f'<listOfReactions><reaction id="J" reversible="false">{inside}'
        f"<kineticLaw>{MATH.format(law)}{local}</kineticLaw></reaction></listOfReactions>"
    )


S_LEAVES = '<listOfReactants><speciesReference species="S" stoichiometry="1" constant="true"/></listOfReactants>'
FIRST_ORDER = _apply("times", _ci("C"), _ci("k"), _ci("S"))
SIX = 'initialAmount="6"'
FOUR = 'initialConcentration="4"'
LOCAL = '<listOfLocalParameters><localParameter id="k" value="0.3"/></listOfLocalParameters>'
GLOBAL = '<listOfParameters><parameter id="k" value="9" constant="true"/></listOfParameters>'
FACTOR = '<listOfParameters><parameter id="f" value="2.5" constant="true"/></listOfParameters>'
DOUBLED = (
    '<listOfFunctionDefinitions><functionDefinition id="double">'
    + MATH.format(f"<lambda><bvar>{_ci('x')}</bvar>{_apply('times', '<cn>2</cn>', _ci('x'))}</lambda>")
    + "</functionDefinition></listOfFunctionDefinitions>"
)
COUNTED = S_LEAVES.replace("<speciesReference", '<speciesReference id="n"').replace(
    'stoichiometry="1"', 'stoichiometry="2"'
)
THREE = MATH.format("<cn>3</cn>")
ASSIGNED_COUNT = (
    f'<listOfInitialAssignments><initialAssignment symbol="n">{THREE}</initialAssignment></listOfInitialAssignments>'
)

RULED = (
    '<listOfParameters><parameter id="x" value="-7.3" constant="false"/><parameter id="y" value="0" constant="false"/>'
    "</listOfParameters><listOfRules>"
    f'<rateRule variable="x">{MATH.format("<cn>1.7</cn>")}</rateRule><rateRule variable="y">{{}}</rateRule></listOfRules>'
)

SBML = {
    "quotient": _document(RULED.format(MATH.format(_apply("quotient", _ci("x"), "<cn>2</cn>")))),
    "remainder": _document(RULED.format(MATH.format(_apply("rem", _ci("x"), "<cn>2</cn>")))),
    "local parameters hide global ones": _document(
        f"{L3_HOME}<listOfSpecies>{l3_species('S', FOUR)}</listOfSpecies>{GLOBAL}{l3_reaction(S_LEAVES, FIRST_ORDER, LOCAL)}"
    ),
    "a local parameter as the argument of a function": _document(
        f"{DOUBLED}{L3_HOME}<listOfSpecies>{l3_species('S', FOUR)}</listOfSpecies>{GLOBAL}"
        + l3_reaction(S_LEAVES, _apply("times", _ci("C"), f"<apply>{_ci('double')}{_ci('k')}</apply>", _ci("S")), LOCAL)
    ),
    "an initial amount of a concentration": _document(
        f"{L3_HOME}<listOfSpecies>{l3_species('S', SIX)}</listOfSpecies>{l3_reaction(S_LEAVES, FIRST_ORDER, LOCAL)}"
    ),
    "an initial concentration of an amount": _document(
        f"{L3_HOME}<listOfSpecies>{l3_species('S', FOUR, 'hasOnlySubstanceUnits=true')}</listOfSpecies>"
        f"{l3_reaction(S_LEAVES, FIRST_ORDER, LOCAL)}"
    ),
    "a conversion factor": _document(
        f"{L3_HOME}<listOfSpecies>{l3_species('S', FOUR)}</listOfSpecies>{FACTOR}{l3_reaction(S_LEAVES, FIRST_ORDER, LOCAL)}",
        attributes='conversionFactor="f"',
    ),
    "a stoichiometry by its name": _document(
        f"{L3_HOME}<listOfSpecies>{l3_species('S', FOUR)}</listOfSpecies>"
        f"{l3_reaction(COUNTED, _apply('times', _ci('n'), _ci('k'), _ci('S')), LOCAL)}"
    ),
    "a stoichiometry by initial assignment": _document(
        f"{L3_HOME}<listOfSpecies>{l3_species('S', FOUR)}</listOfSpecies>{ASSIGNED_COUNT}"
        + l3_reaction(COUNTED, FIRST_ORDER, LOCAL).replace("<reaction", '<reaction fast="false"'),
        version=1,
    ),
    "Level 2 with a local parameter and an event": _document(
        '<listOfCompartments><compartment id="C" size="2"/></listOfCompartments>'
        '<listOfSpecies><species id="S" compartment="C" initialConcentration="4"/></listOfSpecies>'
        '<listOfReactions><reaction id="J" reversible="false"><listOfReactants><speciesReference species="S"/></listOfReactants>'
        f'<kineticLaw>{MATH.format(FIRST_ORDER)}<listOfParameters><parameter id="k" value="0.3"/></listOfParameters></kineticLaw>'
        "</reaction></listOfReactions><listOfEvents><event id='E'><trigger>"
        + MATH.format(_apply("lt", _ci("S"), "<cn>1</cn>"))
        + f'</trigger><listOfEventAssignments><eventAssignment variable="S">{THREE}'
        "</eventAssignment></listOfEventAssignments></event></listOfEvents>",
        level=2,
        version=4,
    ),
}
