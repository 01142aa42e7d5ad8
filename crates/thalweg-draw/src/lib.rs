//! Pictures of networks, data and training, as SVG and PNG.
