//! Saliency maps drawn from GPU memory: where training and drawing share a device, what the kernels left there is laid
//! over the images by the same WGSL, on its way to the screen.

use std::sync::Arc;

use eframe::egui::{PaintCallbackInfo, Rect, Shape};
use eframe::egui_wgpu::{Callback, CallbackResources, CallbackTrait};
use eframe::wgpu::util::{BufferInitDescriptor, DeviceExt};
use eframe::wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, Buffer, BufferUsages, Device, RenderPass,
    RenderPipeline, RenderPipelineDescriptor, ShaderModuleDescriptor, ShaderSource, TextureFormat,
};
use eframe::wgpu::{FragmentState, MultisampleState, PrimitiveState, VertexState};
use l2t_core::saliency::map::BatchMaps;
use l2t_shaders::Resident;
use l2t_shaders::saliency::drawn_overlay;

use crate::window::paint::saliency::SaliencyStyle;

/// Maps in GPU memory: uniform, and where w is learned also learned, more, less. Empty where there is no GPU.
#[derive(Debug, Clone, Default)]
pub struct DrawableMaps(Arc<Vec<Resident>>);

impl DrawableMaps {
    /// Those of a look.
    pub fn of(maps: &BatchMaps) -> Self {
        let change = maps.change.iter().flat_map(|change| [&change.learned.normalised, &change.more, &change.less]);
        let all = std::iter::once(&maps.uniform.normalised).chain(change);
        Self(all.map(Resident::of).collect::<Option<Vec<_>>>().unwrap_or_default().into())
    }
}

/// Draws maps on a window whose device is that of the training.
#[derive(Debug, Clone)]
pub struct MapPainter {
    device: Device,
    pipeline: RenderPipeline,
    layout: BindGroupLayout,
}

impl MapPainter {
    /// For what is drawn on `device` in `format`. `None` for a format that changes the numbers it is given: colours are
    /// those of the screen already.
    pub fn new(device: &Device, format: TextureFormat) -> Option<Self> {
        if format.is_srgb() {
            return None;
        }
        let module = device.create_shader_module(ShaderModuleDescriptor {
            label: Some("saliency overlay"),
            source: ShaderSource::Wgsl(drawn_overlay().into()),
        });
        let pipeline = device.create_render_pipeline(&RenderPipelineDescriptor {
            label: Some("saliency overlay"),
            layout: None,
            vertex: VertexState {
                module: &module,
                entry_point: Some("corner"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: PrimitiveState::default(),
            depth_stencil: None,
            multisample: MultisampleState::default(),
            fragment: Some(FragmentState {
                module: &module,
                entry_point: Some("pixel"),
                compilation_options: Default::default(),
                targets: &[Some(format.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        Some(Self { device: device.clone(), layout: pipeline.get_bind_group_layout(0), pipeline })
    }

    /// `maps` over `images` (planar bytes, 3·H·W each, of `size` [H, W]): for every image a picture a map. `None` where
    /// the maps are not in GPU memory.
    pub fn paint(
        &self,
        maps: &DrawableMaps,
        images: &[&[u8]],
        size: [usize; 2],
        style: SaliencyStyle,
    ) -> Option<Vec<Vec<Painted>>> {
        if maps.0.is_empty() {
            return None;
        }
        let bytes = images.iter().flat_map(|image| image.iter());
        let image = self.buffer(bytes.map(|byte| f32::from(*byte) / 255.0), BufferUsages::STORAGE);
        let table = style.colours.colours();
        let colours = table.iter().flatten().map(|byte| f32::from(*byte) / 255.0);
        let colours = self.buffer(colours, BufferUsages::STORAGE);
        let number = |n: usize| f32::from_bits(u32::try_from(n).expect("pictures have fewer than 2³² pixels"));
        let one = |map: &Resident, nth: usize| {
            let sizes = [number(size[1]), number(size[0]), number(nth), number(table.len()), style.alpha as f32];
            // A uniform's size is a multiple of 16 bytes.
            let sizes = self.buffer(sizes.into_iter().chain([0.0; 3]), BufferUsages::UNIFORM);
            let resources =
                [image.as_entire_binding(), map.binding(), colours.as_entire_binding(), sizes.as_entire_binding()];
            let entries: Vec<_> =
                (0..).zip(resources).map(|(binding, resource)| BindGroupEntry { binding, resource }).collect();
            let group = BindGroupDescriptor { label: Some("saliency map"), layout: &self.layout, entries: &entries };
            Painted(Arc::new(Drawn {
                pipeline: self.pipeline.clone(),
                bindings: self.device.create_bind_group(&group),
                _maps: maps.clone(),
            }))
        };
        Some((0..images.len()).map(|nth| maps.0.iter().map(|map| one(map, nth)).collect()).collect())
    }

    fn buffer(&self, values: impl Iterator<Item = f32>, usage: BufferUsages) -> Buffer {
        let contents: Vec<u8> = values.flat_map(f32::to_ne_bytes).collect();
        self.device.create_buffer_init(&BufferInitDescriptor { label: None, contents: &contents, usage })
    }
}

/// One map over its image.
#[derive(Debug, Clone)]
pub struct Painted(Arc<Drawn>);

#[derive(Debug)]
struct Drawn {
    pipeline: RenderPipeline,
    bindings: BindGroup,
    /// Their memory is not used for anything else meanwhile.
    _maps: DrawableMaps,
}

impl Painted {
    /// To be drawn in `rect`.
    pub fn shape(&self, rect: Rect) -> Shape {
        Callback::new_paint_callback(rect, self.clone()).into()
    }

    /// Draws it over the viewport of `pass`.
    pub fn draw(&self, pass: &mut RenderPass<'_>) {
        pass.set_pipeline(&self.0.pipeline);
        pass.set_bind_group(0, &self.0.bindings, &[]);
        pass.draw(0..3, 0..1);
    }
}

impl CallbackTrait for Painted {
    fn paint(&self, _: PaintCallbackInfo, pass: &mut RenderPass<'static>, _: &CallbackResources) {
        self.draw(pass);
    }
}
