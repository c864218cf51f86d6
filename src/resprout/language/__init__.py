"""Text and tables -> a checked Model."""

from resprout.language.bibliography import citation
from resprout.language.load import find_quantity, folder_digest, given_or_shipped, load_model, shipped_folder
from resprout.language.records import STAGES, Constant, Equation, EquationModel, ImportedModel, Model

__all__ = [
    "STAGES",
    "Constant",
    "Equation",
    "EquationModel",
    "ImportedModel",
    "Model",
    "citation",
    "find_quantity",
    "folder_digest",
    "given_or_shipped",
    "load_model",
    "shipped_folder",
]
