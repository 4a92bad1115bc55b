//! Verification, events and the intake pipeline for webhooks of Smile API and Smile.io.
