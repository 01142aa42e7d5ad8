//! The names in an HDF5 group, without a look at what they name.
//!
//! The `hdf5-reader` crate lists a group by opening every object in it, and one that it does not read (a virtual
//! dataset) hides all others. This listing takes the names alone, from a symbol table or from link messages; the
//! links of very large groups (dense storage) are left to the crate.

use hdf5_reader::Hdf5File;
use hdf5_reader::btree_v1::collect_btree_v1_leaves_storage;
use hdf5_reader::error::Error;
use hdf5_reader::io::Cursor;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::symbol_table_msg::SymbolTableMessage;
use hdf5_reader::symbol_table::SymbolTableNode;

/// The names of all links of the group at this address.
pub(super) fn names(file: &Hdf5File, group: u64) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for message in &file.get_or_parse_header(group)?.messages {
        match message {
            HdfMessage::SymbolTable(table) => names.extend(names_in_table(file, table)?),
            HdfMessage::Link(link) => names.push(link.name.clone()),
            _ => {}
        }
    }
    Ok(names)
}

/// Names of an old-style group: the leaves of a B-tree are nodes of entries, whose names lie in a local heap.
/// Source: HDF5 File Format Specification 3.0, "Group Symbol Table Nodes".
fn names_in_table(file: &Hdf5File, table: &SymbolTableMessage) -> Result<Vec<String>, Error> {
    let storage = file.storage();
    let (offset_size, length_size) = (file.superblock().offset_size, file.superblock().length_size);
    let heap = LocalHeap::parse_at_storage(storage, table.heap_address, offset_size, length_size)?;
    let leaves = collect_btree_v1_leaves_storage(
        storage,
        table.btree_address,
        offset_size,
        length_size,
        None,
        &[],
        None,
    )?;
    let mut names = Vec::new();
    for (_, node) in leaves {
        // Signature, version, a reserved byte, then the number of entries.
        const HEAD: usize = 8;
        let head = storage.read_range(node, HEAD)?;
        let entries = usize::from(u16::from_le_bytes([head.as_ref()[6], head.as_ref()[7]]));
        let length = HEAD + entries * (2 * usize::from(offset_size) + 24);
        let bytes = storage.read_range(node, length)?;
        let node = SymbolTableNode::parse(&mut Cursor::new(bytes.as_ref()), offset_size, length_size)?;
        for entry in node.entries {
            names.push(heap.get_string_storage(entry.link_name_offset, storage)?);
        }
    }
    Ok(names)
}
