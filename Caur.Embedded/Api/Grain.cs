using Caur.Embedded.Activations;
using Orleans.Runtime;

namespace Orleans;

/// <summary>Base class of grains.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    /// <summary>Binds the instance to the activation that is being made. Throws when called outside of one.</summary>
    protected Grain() => GrainContext = Activation.BeingConstructed;

    /// <inheritdoc/>
    public IGrainContext GrainContext { get; }

    /// <summary>Where other grains are found.</summary>
    protected IGrainFactory GrainFactory => Activation.Of(this).Engine.Factory;

    /// <summary>The services of this activation.</summary>
    protected IServiceProvider ServiceProvider => GrainContext.ActivationServices;

    /// <summary>The grain id as text.</summary>
    public string IdentityString => GrainContext.GrainId.ToString();

    /// <summary>The name of the host that runs the grain.</summary>
    public string RuntimeIdentity => Caur.Embedded.EngineIdentity.Name;

    /// <summary>Ends this activation when its running calls have completed. Waiting calls go to the next activation.</summary>
    protected void DeactivateOnIdle() => GrainBaseExtensions.DeactivateOnIdle(this);

    /// <summary>Keeps the activation from idle collection for at least <paramref name="timeSpan"/>; a negative span takes that back.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan) => Activation.Of(this).DelayDeactivation(timeSpan);

    /// <inheritdoc/>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;
}
