//! The confusion matrix of a part.

use thalweg::data::DatasetTargets;
use thalweg::metrics::ConfusionMatrix as Counts;
use thalweg_draw::{ConfusionMatrix, Picture};

use super::subject::chosen;
use super::{Choice, Reason, RunView, Trained, Unfit, predicted};

/// More classes than this make a picture that nobody can read.
const MOST_CLASSES: usize = 20;

/// Which class is taken for which.
pub(super) fn confusion(
    run: &RunView<'_>,
    trained: &mut dyn Trained,
    choice: Choice,
) -> Result<Picture, Unfit> {
    let part = choice.part.unwrap_or_else(|| run.outermost_part());
    let data = run.part(part)?;
    let DatasetTargets::Classes { ids, count } = data.targets() else {
        return Err(Reason::NotClasses.into());
    };
    if *count > MOST_CLASSES {
        return Err(Reason::ManyClasses { classes: *count, most: MOST_CLASSES }.into());
    }
    let mut matrix = Counts::new(*count);
    for (values, &label) in predicted(run, trained, part)?.iter().zip(ids) {
        matrix.add(label as usize, chosen(values, run.loss.gives_scores()).0);
    }
    let counts: Vec<u64> = (0..*count).flat_map(|class| matrix.row(class).to_vec()).collect();
    let title = format!("{}: labels and predictions of the {} {} rows", run.name, data.rows(), part.name());
    Ok(ConfusionMatrix::new(title, data.label_names(), &counts).draw()?)
}
