"""A WeCom of our own for tests and trials: API face, callback face and control face; imports nothing of the product but the clock."""

from assistant.wecom.simulator.config import AppSettings, BotSettings, ContactSettings, KfSettings, SimulatorConfig
from assistant.wecom.simulator.shop_words import ShopKeys
from assistant.wecom.simulator.simulator import Simulator
from assistant.wecom.simulator.world import Customer, Group, Knobs, PhoneMessage, SimulatorError, Staff, World

__all__ = [
    "AppSettings",
    "BotSettings",
    "ContactSettings",
    "Customer",
    "Group",
    "KfSettings",
    "Knobs",
    "PhoneMessage",
    "ShopKeys",
    "Simulator",
    "SimulatorConfig",
    "SimulatorError",
    "Staff",
    "World",
]
