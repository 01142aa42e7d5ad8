use super::*;
use crate::data::table::ColumnValues;

fn read_text(text: &str) -> Result<(Table, Vec<Notice>), FileProblem> {
    let mut notices = Vec::new();
    read(text.as_bytes().to_vec(), false, &mut notices).map(|table| (table, notices))
}

fn names(table: &Table) -> Vec<&str> {
    table.columns().iter().map(|column| column.name.as_str()).collect()
}

fn numbers(table: &Table, column: usize) -> &[f64] {
    match &table.columns()[column].values {
        ColumnValues::Numbers(values) => values,
        ColumnValues::Text(_) => panic!("column {column} is text"),
    }
}

#[test]
fn header_quotes_and_blank_lines() {
    let (table, notices) =
        read_text("name, x\r\n\"Smith, \"\"J\"\"\", 1.5\r\n\r\n  \r\nplain,2\r\n").unwrap();
    assert_eq!(names(&table), ["name", "x"]);
    assert_eq!(numbers(&table, 1), [1.5, 2.0]);
    let text = ColumnValues::Text(vec![Some("Smith, \"J\"".into()), Some("plain".into())]);
    assert_eq!(table.columns()[0].values, text);
    assert!(notices.is_empty(), "{notices:?}");
}

#[test]
fn rows_without_a_header_are_numbered() {
    let (table, _) = read_text("5.1,setosa\n4.9,virginica\n").unwrap();
    assert_eq!(names(&table), ["0", "1"]);
    assert_eq!(table.rows(), 2);
    let (table, _) = read_text("red,big\nblue,big\nred,small\n").unwrap();
    assert_eq!(names(&table), ["0", "1"], "the fields of the first row come back");
    let (table, _) = read_text("colour,size\nblue,big\nred,small\n").unwrap();
    assert_eq!(names(&table), ["colour", "size"]);
}

#[test]
fn names_come_from_a_comment_or_stand_below_it() {
    let (table, _) = read_text("# a,b\n1,2\n").unwrap();
    assert_eq!(names(&table), ["a", "b"]);
    let (table, _) = read_text("# made by a logger\n# v1\na,b\n1,2\n").unwrap();
    assert_eq!(names(&table), ["a", "b"]);
    let (table, _) = read_text("sep=;\na;b\n1;2\n").unwrap();
    assert_eq!(names(&table), ["a", "b"]);
}

#[test]
fn lines_are_named_in_spite_of_blank_ones_and_comments() {
    let ragged = read_text("# comment\na,b,c\n\n1,2,3\n\n\n4,5\n").unwrap_err();
    assert!(
        matches!(ragged, FileProblem::Ragged { line: 7, found: 2, expected: 3, separator: "comma" }),
        "{ragged}"
    );
    let quote = read_text("# comment\na,b\n1,\"two\n3,4\n").unwrap_err();
    assert!(matches!(quote, FileProblem::UnclosedQuote { line: 3 }), "{quote}");
}

#[test]
fn quotes_inside_a_field_open_nothing() {
    let (table, _) = read_text("size,n\n5\" disk,1\n3\" disk,2\n").unwrap();
    assert_eq!(numbers(&table, 1), [1.0, 2.0]);
}

#[test]
fn old_line_ends_and_one_column() {
    let (table, _) = read_text("x\r1\r2\r").unwrap();
    assert_eq!(numbers(&table, 0), [1.0, 2.0]);
}

#[test]
fn repeated_and_empty_names_are_noticed() {
    assert!(matches!(
        read_text("a,b,a\n1,2,3\n4,5,6\n").unwrap().1[..],
        [Notice::RepeatedNames { columns: 1, .. }]
    ));
    assert!(read_text(",,\n1,2,3\n").unwrap().1.contains(&Notice::NoNames));
    assert!(matches!(read_text("a,b\n").unwrap_err(), FileProblem::NoRows { header: true }));
    assert!(matches!(read_text(" \n\n").unwrap_err(), FileProblem::NoRows { header: false }));
}
