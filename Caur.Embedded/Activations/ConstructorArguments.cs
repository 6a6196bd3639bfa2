using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Embedded.Activations;

/// <summary>Where the arguments of a grain's constructor come from.</summary>
internal static class ConstructorArguments
{
    public static Func<Activation, List<ILoadedState>, object?> Source(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is { } state)
        {
            return PersistentStateSource(parameter, state);
        }

        if (type == typeof(IGrainContext))
        {
            return static (activation, _) => activation;
        }

        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed)
        {
            return parameter.HasDefaultValue
                ? (activation, _) => ((IKeyedServiceProvider)activation.ActivationServices).GetKeyedService(type, keyed.Key) ?? parameter.DefaultValue
                : (activation, _) => activation.ActivationServices.GetRequiredKeyedService(type, keyed.Key);
        }

        return parameter.HasDefaultValue
            ? (activation, _) => activation.ActivationServices.GetService(type) ?? parameter.DefaultValue
            : (activation, _) => activation.ActivationServices.GetRequiredService(type);
    }

    private static Func<Activation, List<ILoadedState>, object?> PersistentStateSource(
        ParameterInfo parameter, PersistentStateAttribute attribute)
    {
        var type = parameter.ParameterType;
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new InvalidOperationException(
                $"Parameter {parameter.Name} of {parameter.Member.DeclaringType} has [PersistentState] but is no IPersistentState<T>.");
        }

        var create = typeof(PersistentState<>).MakeGenericType(type.GenericTypeArguments)
            .GetMethod(nameof(PersistentState<object>.Create), BindingFlags.Static | BindingFlags.Public)!
            .CreateDelegate<Func<GrainId, string, string, IGrainStorage, ILoadedState>>();
        var storageName = attribute.StorageName ?? StorageNames.Default;
        return (activation, states) =>
        {
            var storage = activation.Engine.Services.GetKeyedService<IGrainStorage>(storageName)
                ?? throw new InvalidOperationException(UnknownStorage(activation.Class.Type, attribute));
            var state = create(activation.GrainId, attribute.StateName, storageName, storage);
            states.Add(state);
            return state;
        };
    }

    public static string UnknownStorage(Type grainClass, PersistentStateAttribute state) =>
        $"{grainClass} keeps its state '{state.StateName}' in the storage '{state.StorageName ?? StorageNames.Default}', which is not registered.";
}
