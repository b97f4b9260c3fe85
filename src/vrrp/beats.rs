//! `linkbeat_interfaces`: interfaces whose link somebody asks the driver about. They are up while the kernel says so and
//! there is a beat.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::model::Config;
use crate::ids::Name;
use crate::objects::interface::Interface;

/// Those that are polled.
#[derive(Clone, Debug, Default)]
pub(super) struct Beats(BTreeMap<Name, Beat>);

#[derive(Clone, Debug)]
struct Beat {
    /// Until somebody says otherwise there is one.
    up: bool,
    /// What the kernel says.
    kernel: Option<Arc<Interface>>,
}

impl Beats {
    /// From now on those of this configuration are polled. Answers how the others look that had no beat until now.
    pub fn configure(
        &mut self,
        config: &Config,
        kernel: impl Fn(&Name) -> Option<Arc<Interface>>,
    ) -> Vec<(Name, Option<Arc<Interface>>)> {
        let polled = config.polled_links();
        let mut others = Vec::new();
        self.0.retain(|name, beat| {
            let stays = polled.contains_key(name);
            if !stays && !beat.up {
                others.push((name.clone(), beat.kernel.take()));
            }
            stays
        });
        for name in polled.into_keys() {
            let kernel = kernel(&name);
            self.0.entry(name).or_insert(Beat { up: true, kernel });
        }
        others
    }

    pub fn polls(&self, name: &Name) -> bool {
        self.0.contains_key(name)
    }

    /// The kernel says this of the interface; what it is with its beat.
    pub fn seen(&mut self, name: &Name, kernel: Option<Arc<Interface>>) -> Option<Arc<Interface>> {
        match self.0.get_mut(name) {
            Some(beat) => {
                beat.kernel = kernel;
                beat.interface()
            }
            None => kernel,
        }
    }

    /// There is a beat, or none; what the interface is with it, where there is one.
    pub fn heard(&mut self, name: &Name, up: bool) -> Option<Arc<Interface>> {
        let beat = self.0.get_mut(name)?;
        beat.up = up;
        beat.interface()
    }
}

impl Beat {
    fn interface(&self) -> Option<Arc<Interface>> {
        let kernel = self.kernel.as_ref()?;
        Some(match kernel.up && !self.up {
            true => Arc::new(Interface { up: false, ..Interface::clone(kernel) }),
            false => Arc::clone(kernel),
        })
    }
}
