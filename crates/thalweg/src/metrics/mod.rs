//! Metrics: numbers that tell a person how good the predictions are.
