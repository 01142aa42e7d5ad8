//! What all activations of single values share: the loops over a matrix.

use crate::real::Real;

/// A function of one value and its derivative, as a type, so that every loop over it is compiled for it alone.
pub(crate) trait Elementwise<R: Real>: Copy {
    /// a = f(z).
    fn value(self, z: R) -> R;

    /// f'(z), given z and a = f(z).
    fn derivative(self, z: R, a: R) -> R;

    /// dz = da·f'(z). Piecewise linear functions choose here instead of multiplying by 0 or 1.
    #[inline(always)]
    fn gradient(self, z: R, a: R, da: R) -> R {
        da * self.derivative(z, a)
    }
}

/// Something to be done with whichever activation it turns out to be. Where a closure would be natural, a type stands,
/// because a closure is compiled without the vector instructions of the function around it.
pub(crate) trait ElementwiseTask<R: Real> {
    /// What comes out.
    type Output;
    /// Does it.
    fn run<F: Elementwise<R>>(self, f: F) -> Self::Output;
}

/// a ← f(z) over a matrix.
pub(super) struct ForwardTask<'a, R> {
    pub(super) z: &'a [R],
    pub(super) a: &'a mut [R],
}

impl<R: Real> ElementwiseTask<R> for ForwardTask<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<F: Elementwise<R>>(self, f: F) {
        for (a, &z) in self.a.iter_mut().zip(self.z) {
            *a = f.value(z);
        }
    }
}

/// dz ← da·f'(z) over a matrix.
pub(super) struct BackwardTask<'a, R> {
    pub(super) z: &'a [R],
    pub(super) a: &'a [R],
    pub(super) da: &'a [R],
    pub(super) dz: &'a mut [R],
}

impl<R: Real> ElementwiseTask<R> for BackwardTask<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<F: Elementwise<R>>(self, f: F) {
        let rest = self.z.iter().zip(self.a).zip(self.da);
        for (dz, ((&z, &a), &da)) in self.dz.iter_mut().zip(rest) {
            *dz = f.gradient(z, a, da);
        }
    }
}

/// values ← f(values).
pub(super) struct ForwardInPlaceTask<'a, R> {
    pub(super) values: &'a mut [R],
}

impl<R: Real> ElementwiseTask<R> for ForwardInPlaceTask<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<F: Elementwise<R>>(self, f: F) {
        for value in self.values {
            *value = f.value(*value);
        }
    }
}

/// d ← d·f'(z).
pub(super) struct BackwardInPlaceTask<'a, R> {
    pub(super) z: &'a [R],
    pub(super) a: &'a [R],
    pub(super) d: &'a mut [R],
}

impl<R: Real> ElementwiseTask<R> for BackwardInPlaceTask<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<F: Elementwise<R>>(self, f: F) {
        for (d, (&z, &a)) in self.d.iter_mut().zip(self.z.iter().zip(self.a)) {
            *d = f.gradient(z, a, *d);
        }
    }
}
