//! Every case, against every kind of subject.

use smile_conformance::Kind;

mod on_core {
    use super::Kind;
    smile_conformance::every_case!(Kind::Core);
}

mod on_axum {
    use super::Kind;
    smile_conformance::every_case!(Kind::Axum);
}

mod on_hyper {
    use super::Kind;
    smile_conformance::every_case!(Kind::Hyper);
}

mod on_actix {
    use super::Kind;
    smile_conformance::every_case!(Kind::Actix);
}
