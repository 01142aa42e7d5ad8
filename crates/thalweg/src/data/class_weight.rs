//! What the classes weigh.

use super::dataset::{Dataset, DatasetTargets};
use super::problem::DataProblem;

/// What each class weighs in the loss of the training part.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeight {
    /// So that all classes weigh the same together: rows / (classes · rows of the class).
    ///
    /// # Source
    /// King and Zeng, "Logistic regression in rare events data", 2001, section 4.2.
    Balanced,
    /// By the classes' names; a class that is not named weighs 1.
    Named(Vec<(String, f64)>),
}

impl ClassWeight {
    /// The weight of each class in `data`, by id.
    fn by_class(&self, data: &Dataset, ids: &[u32], count: usize) -> Result<Vec<f64>, DataProblem> {
        match self {
            ClassWeight::Balanced => {
                let mut rows = vec![0_u32; count];
                for &id in ids {
                    rows[id as usize] += 1;
                }
                let there = rows.iter().filter(|rows| **rows > 0).count() as f64;
                let weight = |rows: u32| ids.len() as f64 / (there * f64::from(rows.max(1)));
                Ok(rows.into_iter().map(weight).collect())
            }
            ClassWeight::Named(named) => {
                let labels = data.label_names();
                let mut weights = vec![1.0; count];
                for (name, weight) in named {
                    match labels.iter().position(|label| label == name) {
                        Some(class) => weights[class] = *weight,
                        None => {
                            return Err(DataProblem::UnknownClassWeight {
                                name: name.clone(),
                                known: labels.to_vec(),
                            });
                        }
                    }
                }
                Ok(weights)
            }
        }
    }
}

impl Dataset {
    /// Multiplies the weight of each row by that of its class.
    ///
    /// # Errors
    /// When the target is no class, when a named class is not there, or as [`with_weights`](Dataset::with_weights).
    pub(crate) fn weighted_by_class(self, weight: &ClassWeight) -> Result<Dataset, DataProblem> {
        let DatasetTargets::Classes { ids, count } = self.targets() else {
            return Err(DataProblem::ClassWeightWithoutClasses);
        };
        let by_class = weight.by_class(&self, ids, *count)?;
        let weights = ids.iter().map(|&id| by_class[id as usize]).collect();
        self.weighted(weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Features;
    use crate::shape::Shape;

    fn three_to_one() -> Dataset {
        let targets = DatasetTargets::Classes { ids: vec![0, 1, 0, 0], count: 2 };
        let data = Dataset::new(Features::F64(vec![0.0; 4]), Shape::from(1), targets).unwrap();
        data.with_label_names(vec!["dog".to_owned(), "cat".to_owned()])
    }

    #[test]
    fn balanced_classes_weigh_the_same_together() {
        let data = three_to_one().weighted_by_class(&ClassWeight::Balanced).unwrap();
        let third = 4.0 / 6.0;
        assert_eq!(data.weights().unwrap(), [third, 2.0, third, third]);
    }

    #[test]
    fn named_classes_multiply_what_the_rows_weigh() {
        let data = three_to_one().with_weights(vec![1.0, 2.0, 3.0, 0.0]).unwrap();
        let data = data.weighted_by_class(&ClassWeight::Named(vec![("cat".to_owned(), 5.0)])).unwrap();
        assert_eq!(data.weights().unwrap(), [1.0, 10.0, 3.0, 0.0]);
        assert_eq!(data.select(&[1, 3]).weights().unwrap(), [10.0, 0.0]);
    }

    #[test]
    fn what_cannot_be_weighed_is_refused() {
        let refuse = |named: &str, weight| {
            let weights = ClassWeight::Named(vec![(named.to_owned(), weight)]);
            three_to_one().weighted_by_class(&weights).unwrap_err().to_string()
        };
        insta::assert_snapshot!(
            refuse("cats", 1.0),
            @r#"data.class_weight names the class "cats", but the classes are dog, cat"#
        );
        insta::assert_snapshot!(
            refuse("cat", -1.0),
            @"the weight of row 1 (counted from 0) is -1; a weight is a finite number, 0 or more: replace it or leave the row out"
        );
        let values = DatasetTargets::Values { values: vec![0.5], outputs: 1 };
        let data = Dataset::new(Features::F64(vec![0.0]), Shape::from(1), values).unwrap();
        insta::assert_snapshot!(
            data.clone().weighted_by_class(&ClassWeight::Balanced).unwrap_err(),
            @"data.class_weight needs classes, but the target is numbers; use data.weight to weigh single rows"
        );
        insta::assert_snapshot!(
            data.clone().with_weights(vec![0.0]).unwrap_err(),
            @"data: all weights are 0, so that no row counts; give at least one row a weight above 0"
        );
        insta::assert_snapshot!(
            data.with_weights(vec![1.0, 1.0]).unwrap_err(),
            @"data: 1 rows but 2 weights; each row needs exactly one"
        );
    }
}
