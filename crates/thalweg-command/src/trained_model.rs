//! A trained model as pictures ask it.

use thalweg::data::Dataset;
use thalweg::model_file::Model;
use thalweg::network::AnyNetwork;

use crate::pictures::Trained;

/// A trained model; asked about other parameters, it takes them and gives them back.
#[derive(Debug)]
pub(crate) struct TrainedModel(pub(crate) Model);

impl TrainedModel {
    fn set(&mut self, parameters: &[f64]) {
        match &mut self.0.network {
            AnyNetwork::F32(network) => {
                for (own, new) in network.parameters_mut().iter_mut().zip(parameters) {
                    *own = *new as f32;
                }
            }
            AnyNetwork::F64(network) => network.parameters_mut().copy_from_slice(parameters),
        }
    }
}

impl Trained for TrainedModel {
    fn predict(&mut self, data: &Dataset) -> thalweg::Result<Vec<f64>> {
        Ok(self.0.predict(data)?.values)
    }

    fn data_loss(&mut self, parameters: &[f64], data: &Dataset) -> thalweg::Result<f64> {
        let own = self.parameters();
        self.set(parameters);
        let loss = self.0.data_loss(data);
        self.set(&own);
        loss
    }

    fn parameters(&self) -> Vec<f64> {
        match &self.0.network {
            AnyNetwork::F32(network) => network.parameters().iter().map(|&value| f64::from(value)).collect(),
            AnyNetwork::F64(network) => network.parameters().to_vec(),
        }
    }
}
