//! Reads columns; what does not fit is named.

use std::str::FromStr;

use sqlx::any::AnyRow;
use sqlx::{ColumnIndex, Decode, Row, Type};

use crate::{DatabaseError, Result};

/// A row of a table, for errors named by its key.
pub(crate) struct Reader<'a> {
    pub table: &'static str,
    pub key: &'static str,
    pub row: &'a AnyRow,
}

impl<'a> Reader<'a> {
    pub fn new(table: &'static str, key: &'static str, row: &'a AnyRow) -> Self {
        Self { table, key, row }
    }

    pub fn bad(&self, column: &'static str, problem: &'static str) -> DatabaseError {
        let row = self
            .row
            .try_get::<String, _>(self.key)
            .or_else(|_| self.row.try_get::<i64, _>(self.key).map(|n| n.to_string()))
            .unwrap_or_else(|_| "without key".into());
        DatabaseError::BadRow {
            table: self.table,
            column,
            row,
            problem,
        }
    }

    pub fn get<T>(&self, column: &'static str) -> Result<T>
    where
        T: for<'r> Decode<'r, sqlx::Any> + Type<sqlx::Any>,
        &'static str: ColumnIndex<AnyRow>,
    {
        self.row
            .try_get(column)
            .map_err(|_| self.bad(column, "a value of another type"))
    }

    pub fn parse<T: FromStr>(&self, column: &'static str) -> Result<T> {
        self.get::<String>(column)?
            .parse()
            .map_err(|_| self.bad(column, "an unknown value"))
    }

    pub fn parse_opt<T: FromStr>(&self, column: &'static str) -> Result<Option<T>> {
        self.get::<Option<String>>(column)?
            .map(|text| {
                text.parse()
                    .map_err(|_| self.bad(column, "an unknown value"))
            })
            .transpose()
    }

    pub fn flag(&self, column: &'static str) -> Result<bool> {
        Ok(self.get::<i64>(column)? != 0)
    }

    pub fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        serde_json::from_str(&self.get::<String>(column)?)
            .map_err(|_| self.bad(column, "JSON of another form"))
    }
}
