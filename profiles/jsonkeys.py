"""Keys of a JSON column in SQL, the same on both databases."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, JSONField
from django.db.models.sql.compiler import SQLCompiler


class WithoutKey(Func):
    """The JSON object of a column without one of its keys."""

    output_field: Any = JSONField()

    def __init__(self, column: str, key: str) -> None:
        self.key = key
        super().__init__(column)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:  # type: ignore[override]
        column, parameters = compiler.compile(self.source_expressions[0])
        if connection.vendor == "postgresql":
            return f"({column} - %s::text)", [*parameters, self.key]
        return f"json_remove({column}, %s)", [*parameters, f'$."{self.key}"']
