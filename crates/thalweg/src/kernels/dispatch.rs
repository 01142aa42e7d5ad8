//! Which instruction set the kernels use: asked once at start, or forced by `THALWEG_CPU`.
#![allow(unsafe_code)]

use std::sync::OnceLock;

/// One of the copies of the kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// AVX-512 (F, BW, DQ, VL) with FMA.
    Avx512,
    /// AVX2 with FMA.
    Avx2,
    /// Whatever the compiler's baseline offers; slow without FMA, the same bits.
    Portable,
}

impl Path {
    /// The name in `THALWEG_CPU`, in `environment.json` and in `thalweg bench`.
    pub const fn name(self) -> &'static str {
        match self {
            Path::Avx512 => "avx512",
            Path::Avx2 => "avx2",
            Path::Portable => "portable",
        }
    }

    /// Whether this processor can run it.
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        match self {
            Path::Avx512 => {
                Path::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            Path::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            Path::Portable => true,
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Path::Portable
        }
    }
}

/// The copy in use: the best that this processor can run, or the one that `THALWEG_CPU` names if it can run that.
///
/// An unknown name counts as unset; the command line refuses it before it comes here.
#[inline]
pub fn path() -> Path {
    static PATH: OnceLock<Path> = OnceLock::new();
    match PATH.get() {
        Some(path) => *path,
        None => *PATH.get_or_init(choose),
    }
}

/// Whether the kernels of those plans that are made for registers (`lanes`, `narrow_hidden`, `one_output`) are there without an instruction set
/// too. On x86-64 they are for tests only: each product is a call there, so that these plans gain nothing, and their copies take half a megabyte.
pub(crate) const fn has_portable_plans() -> bool {
    cfg!(any(not(target_arch = "x86_64"), debug_assertions))
}

/// Whether plans that are made for registers can be used.
pub(crate) fn has_plans_for_registers() -> bool {
    has_portable_plans() || path() != Path::Portable
}

#[cold]
fn choose() -> Path {
    let all = [Path::Avx512, Path::Avx2, Path::Portable];
    let wanted = std::env::var("THALWEG_CPU").ok();
    all.into_iter()
        .find(|path| Some(path.name()) == wanted.as_deref() && path.is_available())
        .or_else(|| all.into_iter().find(|path| path.is_available()))
        .unwrap_or(Path::Portable)
}

/// Defines a function that runs `$body` compiled for the path in use.
///
/// `$body` must be `#[inline(always)]` and free of closures, else the copies call it instead of containing it and lose
/// the instruction set that they were made for.
macro_rules! dispatched {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident<$r:ident>($($arg:ident: $ty:ty),* $(,)?) $(-> $out:ty)? = $body:path;) => {
        $(#[$meta])*
        $visibility fn $name<$r: $crate::real::Real>($($arg: $ty),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512<$r: $crate::real::Real>($($arg: $ty),*) $(-> $out)? {
                    $body($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<$r: $crate::real::Real>($($arg: $ty),*) $(-> $out)? {
                    $body($($arg),*)
                }
                match $crate::kernels::path() {
                    // SAFETY: `path` returns Avx512 only where `is_available` found all of these features.
                    $crate::kernels::Path::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: `path` returns Avx2 only where `is_available` found AVX2 and FMA.
                    $crate::kernels::Path::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::kernels::Path::Portable => {}
                }
            }
            $body($($arg),*)
        }
    };
}

/// Defines a function that runs `$body` with the registers of the path in use: `$body` takes the scalar and the
/// [`Vector`](super::vector::Vector) as its type parameters.
///
/// `$body` must be `#[inline(always)]` and free of closures, as for `dispatched!`. With `if condition` behind it, the copy without an instruction
/// set is compiled only where that function of [`dispatch`](self) says so.
macro_rules! vectorised {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident<$r:ident>($($arg:ident: $ty:ty),* $(,)?) $(-> $out:ty)? = $body:ident $(, if $condition:ident)?;) => {
        $(#[$meta])*
        $visibility fn $name<$r: $crate::real::Real>($($arg: $ty),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512<$r: $crate::real::Real>($($arg: $ty),*) $(-> $out)? {
                    // SAFETY: this copy is entered only where the processor has AVX-512; see below.
                    unsafe { $body::<$r, $r::Avx512>($($arg),*) }
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<$r: $crate::real::Real>($($arg: $ty),*) $(-> $out)? {
                    // SAFETY: this copy is entered only where the processor has AVX2 and FMA; see below.
                    unsafe { $body::<$r, $r::Avx2>($($arg),*) }
                }
                match $crate::kernels::path() {
                    // SAFETY: `path` returns Avx512 only where `is_available` found all of these features.
                    $crate::kernels::Path::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: `path` returns Avx2 only where `is_available` found AVX2 and FMA.
                    $crate::kernels::Path::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::kernels::Path::Portable => {}
                }
            }
            $(if !$crate::kernels::$condition() {
                unreachable!("a kernel for instruction sets alone");
            })?
            // SAFETY: portable registers need no instruction set.
            unsafe { $body::<$r, $r::Portable>($($arg),*) }
        }
    };
}
